"use client";
// React: a component around <video-call>, and useJoin() for whoever draws the call's page themselves.
import {
  createElement,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
  type CSSProperties,
  type ReactElement,
  type Ref,
} from "react";
import { JoinClient } from "./client.js";
import { defineVideoCall, type VideoCallElement, type VideoCallEvents } from "./element.js";
import type { Obstacle } from "./camera.js";
import type { Sentence } from "./sentences.js";
import type { JoinAnswer, JoinOptions, JoinState, Problem, Role } from "./types.js";

export type { JoinAnswer, JoinOptions, JoinState, Obstacle, Problem, Role, Sentence, VideoCallElement };

export interface VideoCallProps {
  room: string;
  role: Role;
  name?: string;
  api?: string;
  credentials?: RequestCredentials;
  token?: () => string | Promise<string>;
  loginUrl?: string;
  backUrl?: string;
  label?: string;
  theme?: "light" | "dark";
  fill?: boolean;
  sentences?: Partial<Record<string, Partial<Sentence>>>;
  className?: string;
  style?: CSSProperties;
  elementRef?: Ref<VideoCallElement>;
  onState?: (state: JoinState) => void;
  onReady?: (answer: JoinAnswer) => void;
  onDenied?: (problem: Problem) => void;
  onError?: (problem: Problem | Obstacle) => void;
  onExpired?: (problem: Problem) => void;
  onLeft?: (left: VideoCallEvents["left"]["detail"]) => void;
}

const events = ["state", "ready", "denied", "error", "expired", "left"] as const;
type Handlers = Partial<Record<(typeof events)[number], ((detail: never) => void) | undefined>>;

export function VideoCall(props: VideoCallProps): ReactElement {
  const { room, role, name, api, credentials, token, loginUrl, backUrl, label, theme, fill, sentences, className, style, elementRef } = props;
  const element = useRef<VideoCallElement | null>(null);
  // The newest handlers, without listening anew for each of them.
  const handlers = useRef<Handlers>({});
  handlers.current = {
    state: props.onState,
    ready: props.onReady,
    denied: props.onDenied,
    error: props.onError,
    expired: props.onExpired,
    left: props.onLeft,
  };
  const hold = useCallback(
    (given: VideoCallElement | null) => {
      element.current = given;
      if (typeof elementRef === "function") elementRef(given);
      else if (elementRef) elementRef.current = given;
    },
    [elementRef],
  );

  // Listening comes before defining: an element that is defined begins at once.
  useEffect(() => {
    const at = element.current;
    if (!at) return;
    const hear = (event: Event) => {
      // Other elements' events of these names come by too.
      if (event.target === at) handlers.current[event.type as (typeof events)[number]]?.((event as CustomEvent<never>).detail);
    };
    for (const one of events) at.addEventListener(one, hear);
    return () => {
      for (const one of events) at.removeEventListener(one, hear);
    };
  }, []);
  useEffect(() => defineVideoCall(), []);
  useEffect(() => {
    if (element.current) element.current.token = token;
  }, [token]);
  useEffect(() => {
    if (element.current && sentences) element.current.sentences = sentences;
  }, [sentences]);

  return createElement("video-call", {
    ref: hold,
    room,
    role,
    name,
    api,
    credentials,
    label,
    theme,
    fill: fill ? "" : undefined,
    "login-url": loginUrl,
    "back-url": backUrl,
    class: className,
    style,
  });
}

export interface Joining {
  state: JoinState;
  retry: () => void;
  leave: () => void;
}

const idle: JoinState = { state: "idle" };

// The join client as a hook. Options are compared one by one; `token` may be a new function each time. With `enabled` false it waits.
export function useJoin(options: JoinOptions & { enabled?: boolean }): Joining {
  const { room, role, name, api, credentials, token, enabled = true } = options;
  const newest = useRef(token);
  newest.current = token;
  const bearer = token !== undefined;
  const client = useMemo(
    () => new JoinClient({ room, role, name, api, credentials, token: bearer ? () => newest.current?.() ?? "" : undefined }),
    [room, role, name, api, credentials, bearer],
  );
  useEffect(() => {
    if (!enabled) return;
    client.start();
    return () => client.stop();
  }, [client, enabled]);
  const subscribe = useCallback((changed: () => void) => client.subscribe(changed), [client]);
  const state = useSyncExternalStore(
    subscribe,
    () => client.state,
    () => idle,
  );
  const [actions] = useState(() => ({ current: client }));
  actions.current = client;
  const retry = useCallback(() => actions.current.retry(), [actions]);
  const leave = useCallback(() => actions.current.leave(), [actions]);
  return { state, retry, leave };
}
