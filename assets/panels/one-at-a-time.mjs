// The panels of notes and of similar states are in one place: who opens says so, and the other one closes.
import { signal } from "../core/signal.mjs";

const opening = signal();
export const onOpening = opening.on; // with the id of the panel
export const tellOpening = opening.tell;
