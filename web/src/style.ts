// The element's looks. All colours pass WCAG AA on their ground, light and dark; each is a custom property of the page's choice.

export const style = `
:host {
  --ground: var(--video-call-ground, #f6f7f9);
  --surface: var(--video-call-surface, #ffffff);
  --ink: var(--video-call-ink, #14181f);
  --quiet: var(--video-call-quiet, #545d6b);
  --line: var(--video-call-line, #d5dae2);
  --accent: var(--video-call-accent, #2f4fd0);
  --on-accent: var(--video-call-on-accent, #ffffff);
  --alert: var(--video-call-alert, #a33016);
  --notice: var(--video-call-notice, #fff4d6);
  --on-notice: var(--video-call-on-notice, #4a3700);
  --radius: var(--video-call-radius, 14px);
  display: block;
  position: relative;
  container-type: inline-size;
  min-height: 22rem;
  aspect-ratio: 16 / 10;
  max-height: 90vh;
  margin-inline: auto;
  font-family: var(--video-call-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  font-size: 1rem;
  line-height: 1.5;
  color: var(--ink);
}
@supports (color: light-dark(red, red)) {
  :host {
    --ground: var(--video-call-ground, light-dark(#f6f7f9, #12151b));
    --surface: var(--video-call-surface, light-dark(#ffffff, #1b2029));
    --ink: var(--video-call-ink, light-dark(#14181f, #eef1f6));
    --quiet: var(--video-call-quiet, light-dark(#545d6b, #a9b3c1));
    --line: var(--video-call-line, light-dark(#d5dae2, #353d4a));
    --accent: var(--video-call-accent, light-dark(#2f4fd0, #a9bbff));
    --on-accent: var(--video-call-on-accent, light-dark(#ffffff, #101a4a));
    --alert: var(--video-call-alert, light-dark(#a33016, #ffb4a2));
    --notice: var(--video-call-notice, light-dark(#fff4d6, #3a2f12));
    --on-notice: var(--video-call-on-notice, light-dark(#4a3700, #ffe6a3));
  }
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([fill]) { min-height: 0; max-height: none; margin-inline: 0; aspect-ratio: auto; height: 100%; }
:host([hidden]), :host([controls="none"]) .foot { display: none; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.base { position: absolute; inset: 0; display: flex; flex-direction: column; overflow: hidden; background: var(--ground); border: 1px solid var(--line); border-radius: var(--radius); }
:host([fill]) .base { border: 0; border-radius: 0; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; padding: .6rem .75rem .6rem 1rem; background: var(--notice); color: var(--on-notice); }
.bar .words { flex: 1 1 16rem; min-width: 0; overflow-wrap: anywhere; }
.bar strong { display: block; }
.bar small { display: block; margin-top: .25rem; font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .78rem; line-height: 1.4; }
.bar .button { background: transparent; color: inherit; border-color: currentColor; }
.stage { position: relative; flex: 1; min-height: 0; }
iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; background: var(--ground); }
.foot { display: flex; justify-content: flex-end; align-items: center; gap: .5rem; padding: .45rem .6rem; border-top: 1px solid var(--line); background: var(--surface); }
.foot .where { flex: 1; min-width: 0; padding-left: .4rem; color: var(--quiet); font-size: .9rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.door { position: absolute; inset: 0; overflow: auto; display: flex; padding: 1rem; background: var(--ground); }
.card { margin: auto; width: min(100%, 30rem); padding: 2rem 1.75rem; text-align: center; background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: 0 1px 2px #0000000d, 0 12px 32px -16px #00000026; }
.sign { display: block; width: 3rem; height: 3rem; margin: 0 auto 1rem; color: var(--accent); }
.sign path, .sign circle { fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.sign .faint { opacity: .22; }
.trouble .sign { color: var(--alert); }
.busy .turning { transform-origin: 24px 24px; animation: turn 1.1s linear infinite; }
@keyframes turn { to { transform: rotate(1turn); } }
h2 { margin: 0 0 .4rem; font-size: 1.3rem; line-height: 1.25; letter-spacing: -.01em; text-wrap: balance; }
p { margin: 0; color: var(--quiet); text-wrap: pretty; }
.count { margin-top: 1.1rem; font-size: 2.6rem; font-weight: 650; line-height: 1.1; letter-spacing: -.02em; font-variant-numeric: tabular-nums; color: var(--ink); }
.when, .soon { margin-top: .25rem; font-size: .95rem; font-variant-numeric: tabular-nums; }
.soon { margin-top: 1rem; }
.actions { display: flex; flex-wrap: wrap; justify-content: center; gap: .6rem; margin-top: 1.4rem; }
.actions:empty { display: none; }
.button { display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; padding: .45rem 1.15rem; font: inherit; font-weight: 600; text-decoration: none; color: var(--ink); background: var(--surface); border: 1px solid var(--line); border-radius: calc(var(--radius) * .7); cursor: pointer; }
.button:hover { border-color: currentColor; }
.button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
.button.main:hover { filter: brightness(1.08); }
.foot .button, .bar .button { min-height: 2.25rem; padding: .2rem .9rem; font-size: .95rem; }
.button:focus-visible, iframe:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.reference { margin-top: 1.25rem; font-size: .82rem; overflow-wrap: anywhere; }
.reference code { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; user-select: all; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 26rem) {
  .card { padding: 1.5rem 1.1rem; }
  .actions .button { flex: 1 1 100%; }
}
@media (prefers-reduced-motion: reduce) { .busy .turning { animation-duration: 4s; } }
@media (forced-colors: active) { .button { border-color: ButtonBorder; } .button.main { border-width: 2px; } }
`;
