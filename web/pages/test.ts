// /test-videocall: bookings to try, and the preflight.
import { showBookings, span } from "./bookings.js";
import {
  addressFinding,
  askServer,
  browserFinding,
  clockFinding,
  contextFinding,
  networkFinding,
  permissionFinding,
  providerFinding,
  reportOf,
  type Answered,
  type Finding,
} from "./preflight.js";

const byId = <Kind extends HTMLElement>(id: string) => document.getElementById(id) as Kind;
const checks = byId("checks");
const report = byId("report");
const said = byId("said");
const { demo, loginUrl = "" } = document.body.dataset;

const marks: Record<Finding["grade"], [string, string]> = { good: ["✓", "Good"], fair: ["!", "Mind"], bad: ["✕", "Trouble"], plain: ["i", "Note"] };

function row({ name, grade, told }: Finding): HTMLElement {
  const out = document.createElement("li");
  out.className = `check ${grade}`;
  out.dataset["check"] = name;
  const part = (kind: string, text: string) => {
    const one = document.createElement("span");
    one.className = kind;
    one.textContent = text;
    return one;
  };
  const [sign, spoken] = marks[grade];
  const mark = part("mark", sign);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", spoken);
  out.append(mark, part("name", name), part("told", told));
  return out;
}

let running = 0;
async function check(): Promise<void> {
  const mine = ++running;
  const asking = askServer();
  const findings: Finding[] = [contextFinding(), browserFinding(), await permissionFinding()];
  const show = (asked?: Answered | string) => {
    if (mine !== running) return;
    checks.replaceChildren(...findings.map(row));
    report.textContent = reportOf(findings, asked);
  };
  show();
  const asked = await asking;
  findings.push(networkFinding(asked));
  if (typeof asked === "object") {
    findings.push(addressFinding(asked), clockFinding(asked));
    show(asked);
    findings.push(...(await Promise.all(asked.facts.providers.map(providerFinding))));
  }
  show(asked);
}

async function tryDevices(): Promise<void> {
  const picture = byId<HTMLVideoElement>("picture");
  const button = byId<HTMLButtonElement>("devices");
  const stop = () => {
    for (const one of (picture.srcObject as MediaStream | null)?.getTracks() ?? []) one.stop();
    picture.srcObject = null;
    picture.hidden = true;
    button.textContent = "Try camera and microphone";
  };
  if (picture.srcObject) return stop();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    picture.srcObject = stream;
    picture.hidden = false;
    button.textContent = "Turn them off";
    said.textContent = `They work: ${stream.getTracks().map((one) => one.label || one.kind).join(", ")}.`;
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    said.textContent =
      name === "NotAllowedError"
        ? "The browser did not allow it. Click the symbol beside the address to change that."
        : name === "NotFoundError"
          ? "This device has no camera or no microphone."
          : name === "NotReadableError"
            ? "Another program is using the camera or the microphone."
            : "Camera and microphone cannot be used on this page.";
  }
  await check();
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(report.textContent ?? "");
    said.textContent = "The report is in your clipboard.";
  } catch {
    report.closest("details")!.open = true;
    getSelection()?.selectAllChildren(report);
    said.textContent = "The report is marked below: copy it by hand.";
  }
}

byId("again").addEventListener("click", () => void check());
byId("devices").addEventListener("click", () => void tryDevices());
byId("copy").addEventListener("click", () => void copy());
void check();

if (demo) {
  // The server knows no time zones.
  for (const one of document.querySelectorAll<HTMLElement>("[data-from]"))
    one.textContent = span(one.dataset["from"]!, one.dataset["to"]!);
} else {
  const bookings = byId("bookings");
  void showBookings(bookings, loginUrl);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void showBookings(bookings, loginUrl);
  });
}
