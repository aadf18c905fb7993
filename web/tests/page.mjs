// A page made by happy-dom, with a network of the test's own. Import it before anything that needs a document.
import { GlobalRegistrator } from "@happy-dom/global-registrator";

GlobalRegistrator.register({
  url: "https://www.example.com/call",
  settings: { disableIframePageLoading: true, handleDisabledFileLoadingAsSuccess: true },
});
Object.defineProperty(window, "isSecureContext", { value: true, configurable: true });
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

// happy-dom complains about each frame that it has been told not to load.
const complain = console.error;
console.error = (...words) => {
  if (!/Iframe page loading is disabled/.test(String(words[0]))) complain(...words);
};

export const asked = [];
// Answers by default with nothing at all; a test puts functions here.
export const network = { answer: () => new Promise(() => {}) };
globalThis.fetch = (url, init) => {
  asked.push({ url, init });
  return network.answer(url, init);
};

export const later = (ms = 0) => new Promise((done) => setTimeout(done, ms));
// Until something is so, or two seconds have passed.
export async function until(what) {
  for (let i = 0; i < 400; ++i) {
    const found = what();
    if (found) return found;
    await later(5);
  }
  throw new Error(`never: ${what}`);
}
