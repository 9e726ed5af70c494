/** How the widget looks: a file of its own, fetched beside the code. */

import css from "./style.css?inline";

export { css };
