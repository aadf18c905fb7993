// Small drawings for the panel, as shapes on a ground of 48 by 48.

type Shape = readonly [name: "path" | "circle", attributes: Readonly<Record<string, string>>];

const ring: Shape = ["circle", { cx: "24", cy: "24", r: "20", class: "faint" }];
const shapes: Readonly<Record<string, readonly Shape[]>> = {
  busy: [ring, ["path", { d: "M24 4a20 20 0 0 1 20 20", class: "turning" }]],
  wait: [ring, ["path", { d: "M24 13v11l7 5" }]],
  trouble: [ring, ["path", { d: "M24 14v13M24 33.5v.5" }]],
  open: [["path", { d: "M8 15.500a3.500 3.500 0 0 1 3.500-3.500h15a3.500 3.500 0 0 1 3.500 3.500v17a3.500 3.500 0 0 1-3.500 3.500h-15a3.500 3.500 0 0 1-3.500-3.500zM30 21.500l10-6v17l-10-6" }]],
  calm: [ring, ["path", { d: "M15 24.500l6.500 6.500 12-13" }]],
};

const svg = "http://www.w3.org/2000/svg";

export function drawing(page: Document, look: string): SVGElement {
  const out = page.createElementNS(svg, "svg") as SVGElement;
  out.setAttribute("viewBox", "0 0 48 48");
  out.setAttribute("aria-hidden", "true");
  out.setAttribute("class", "sign");
  for (const [name, attributes] of shapes[look] ?? []) {
    const shape = page.createElementNS(svg, name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    out.append(shape);
  }
  return out;
}
