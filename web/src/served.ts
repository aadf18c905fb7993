// What Stagedoor serves as /assets/videocall.js: the element, which asks the server that it came from.
import { askByDefault, defineVideoCall } from "./element.js";

askByDefault(new URL(import.meta.url).origin);
defineVideoCall();
