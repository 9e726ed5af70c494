// Every page of the console on a wide window.
import { WIDE } from "../lib/journey.mjs";
import { walk } from "../lib/walk.mjs";

walk("wide", WIDE);
