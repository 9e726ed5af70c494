// Every page of the console on a phone.
import { PHONE } from "../lib/journey.mjs";
import { walk } from "../lib/walk.mjs";

walk("phone", PHONE);
