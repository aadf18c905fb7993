// Whether a call in a frame of this page can use camera and microphone, as far as it can be known without asking for them.

export interface Obstacle {
  code: "insecure_context" | "policy_blocked" | "permission_denied";
  title: string;
  text: string;
  // For whoever runs the page: what to change.
  remedy?: string;
}

interface Policy {
  allowsFeature(feature: string, origin?: string): boolean;
}
// Chromium only, and still under the old name; elsewhere there is nothing to ask, nor a header to block. The frame is asked, not the
// page: without a header a page has no camera for other origins, and yet may hand its own on to a frame.
const policyOf = (frame: HTMLIFrameElement): Policy | undefined => {
  const held = frame as HTMLIFrameElement & { permissionsPolicy?: Policy; featurePolicy?: Policy };
  return held.permissionsPolicy ?? held.featurePolicy;
};

const needed = ["camera", "microphone"] as const;

// Features of "camera; microphone; autoplay" that are devices.
const devicesOf = (allow: string) => needed.filter((one) => allow.split(";").some((part) => part.trim().split(/\s+/)[0] === one));

// What of camera and microphone the page keeps from the frame. Its allow attribute has to be set.
export function keptFrom(frame: HTMLIFrameElement, devices: readonly string[], origin: string): string[] {
  const policy = policyOf(frame);
  return policy ? devices.filter((one) => !policy.allowsFeature(one, origin)) : [];
}

function policyObstacle(frame: HTMLIFrameElement, devices: readonly string[], origin: string, view: Window): Obstacle | undefined {
  const blocked = keptFrom(frame, devices, origin);
  if (blocked.length === 0) return undefined;
  const framed = view.top !== view;
  const header = blocked.map((one) => `${one}=(self "${origin}")`).join(", ");
  return {
    code: "policy_blocked",
    title: `This site keeps the call from using your ${blocked.join(" and ")}`,
    text: "You can join, but the others will not see or hear you. This is a setting of the website, not of your device: please tell its operator.",
    remedy: framed
      ? `This page is in a frame itself: that frame needs allow="${blocked.join("; ")}", and both pages the header  Permissions-Policy: ${header}`
      : `The page must be sent with  Permissions-Policy: ${header}`,
  };
}

async function permissionObstacle(devices: readonly string[], view: Window): Promise<Obstacle | undefined> {
  const denied: string[] = [];
  for (const one of devices) {
    try {
      const asked = await view.navigator.permissions.query({ name: one as PermissionName });
      if (asked.state === "denied") denied.push(one);
    } catch {
      // Not every browser can be asked.
    }
  }
  if (denied.length === 0) return undefined;
  return {
    code: "permission_denied",
    title: `Your browser blocks the ${denied.join(" and ")} for this site`,
    text: "Click the symbol beside the address, allow it there, and reload the page. Until then the others will not see or hear you.",
  };
}

// The first obstacle to a call in this frame, or nothing. `allow` and `origin` are those of the answer's embed.
export async function obstacleTo(frame: HTMLIFrameElement, allow: string, origin: string, view: Window = window): Promise<Obstacle | undefined> {
  const devices = devicesOf(allow);
  if (devices.length === 0) return undefined;
  if (!view.isSecureContext)
    return {
      code: "insecure_context",
      title: "This page is not secure",
      text: "Browsers give camera and microphone to https pages only. Open this page at its https:// address.",
    };
  return policyObstacle(frame, devices, origin, view) ?? (await permissionObstacle(devices, view));
}

// The frame's allow attribute. A feature without an origin is given to the frame's first address only, so where that leads on to
// another one, both are named.
export function allowFor(address: string, allow: string, origin: string): string {
  const own = new URL(address).origin;
  if (!origin || own === origin) return allow;
  const both = `${own} ${origin}`;
  return allow.split(";").map((part) => part.trim()).filter(Boolean).map((part) => (part.includes(" ") ? part : `${part} ${both}`)).join("; ");
}
