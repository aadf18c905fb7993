// The package's front door: importing it defines <video-call>.
import { defineVideoCall } from "./element.js";

export { JoinClient } from "./client.js";
export { VideoCallElement, defineVideoCall, type VideoCallEvents } from "./element.js";
export { sentences, type Sentence } from "./sentences.js";
export type { Obstacle } from "./camera.js";
export type { JoinAnswer, JoinOptions, JoinState, Problem, Role } from "./types.js";

defineVideoCall();
