// The caller's own bookings on the test page, outside of the demo.

interface OwnBooking {
  roomId: string;
  startsAt: string;
  endsAt: string;
  provider: string;
  joinable: boolean;
  opensAt: string;
  closesAt: string;
}
const roles = ["expert", "client"] as const;
type Role = (typeof roles)[number];
interface Listed extends OwnBooking {
  role: Role;
}

const element = (tag: string, name: string, text = "", ...inside: Node[]): HTMLElement => {
  const out = document.createElement(tag);
  out.className = name;
  out.textContent = text;
  out.append(...inside);
  return out;
};
const link = (name: string, text: string, href: string): HTMLAnchorElement => {
  const out = element("a", name, text) as HTMLAnchorElement;
  out.href = href;
  return out;
};

// "today" is left out.
export function span(from: string, to: string): string {
  const [begin, end] = [new Date(from), new Date(to)];
  const sameDay = begin.toDateString() === new Date().toDateString();
  const day = sameDay ? "" : `${begin.toLocaleDateString([], { dateStyle: "medium" })}, `;
  const time = (at: Date) => at.toLocaleTimeString([], { timeStyle: "short" });
  const endDay = begin.toDateString() === end.toDateString() ? "" : `${end.toLocaleDateString([], { dateStyle: "medium" })}, `;
  return `${day}${time(begin)} to ${endDay}${time(end)}`;
}

async function listOf(role: Role): Promise<Listed[] | number> {
  const answer = await fetch(`/api/${role}/bookings?limit=50`, { cache: "no-store", headers: { Accept: "application/json" } });
  if (!answer.ok) return answer.status;
  const { bookings } = (await answer.json()) as { bookings: OwnBooking[] };
  return bookings.map((one) => ({ ...one, role }));
}

function card(one: Listed): HTMLElement {
  const opensAt = new Date(one.opensAt).toLocaleTimeString([], { timeStyle: "short" });
  const open = one.joinable ? element("span", "tag good", "Open") : element("span", "tag fair", `Opens ${opensAt}`);
  const address = `/${one.role}/videocall/${encodeURIComponent(one.roomId)}`;
  const way = link("button main", one.joinable ? `Join as ${one.role}` : "Wait at the door", address);
  way.target = "_blank";
  way.rel = "noopener";
  way.dataset["room"] = one.roomId;
  way.dataset["role"] = one.role;
  return element(
    "article",
    "booking",
    "",
    element("div", "line", "", element("h3", "", one.roomId), open),
    element("p", "", `${span(one.startsAt, one.endsAt)} · ${one.provider}`),
    element("div", "actions", "", way),
  );
}

export function loginAddress(template: string): string | undefined {
  const text = template.replaceAll("{return}", encodeURIComponent(location.href));
  return template && URL.canParse(text, location.href) ? new URL(text, location.href).href : undefined;
}

const empty = (text: string): HTMLElement => element("div", "empty", text);

function nobody(loginUrl: string): HTMLElement {
  const out = empty("You are not signed in, so we cannot tell which bookings are yours.");
  const login = loginAddress(loginUrl);
  if (login) out.append(element("div", "actions", "", link("button main", "Sign in", login)));
  return out;
}

export async function showBookings(at: HTMLElement, loginUrl: string): Promise<void> {
  try {
    const lists = await Promise.all(roles.map(listOf));
    const found = lists.flatMap((one) => (typeof one === "number" ? [] : one));
    found.sort((a, b) => a.startsAt.localeCompare(b.startsAt));
    const failed = lists.every((one) => typeof one === "number" && one !== 403);
    if (found.length) at.replaceChildren(...found.map(card));
    else if (lists.includes(401)) at.replaceChildren(nobody(loginUrl));
    else if (failed) at.replaceChildren(empty(`Your bookings cannot be read now (${lists.join(", ")}). Try again in a moment.`));
    else at.replaceChildren(empty("No booking of yours is open or ahead. Once one is made, it shows up here."));
  } catch {
    at.replaceChildren(empty("Your bookings cannot be read: the API cannot be reached."));
  }
}
