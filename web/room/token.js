// The link's token: out of the address at once, kept for a reload of this tab.

export const room = location.pathname.replace(/\/$/, "");

// Nobody copies it from the address, and no bookmark keeps it. This entry of the tab's history does, where a reload finds it: frames of
// other sites have no storage in some browsers.
export function takeToken() {
  const given = new URLSearchParams(location.search).get("token");
  if (given) keep(given);
  return given;
}
export const keep = (token) => history.replaceState(token ? { token } : null, "", room);
export const kept = () => history.state?.token ?? null;
