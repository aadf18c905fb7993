// A horizontal bar chart as SVG, on a logarithmic scale, readable on light and on dark paper.
export const escape = (text) => text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

// `bars` is [{label, value, text, kind}]; `legend` names the kinds, which are own, full and less.
export function barChart({ title, bars, legend }) {
  const [width, left, right, top, step, thick] = [880, 262, 90, 64, 34, 22];
  const bottom = top + bars.length * step;
  const height = bottom + 34;
  // A logarithmic scale has no zero; the shortest bar must still be one.
  const least = 10 ** Math.floor(Math.log10(Math.min(...bars.map((bar) => bar.value)) / 3));
  const most = Math.max(...bars.map((bar) => bar.value));
  const x = (value) => left + ((width - left - right) * Math.log10(value / least)) / Math.log10(most / least);
  const marks = [];
  for (let decade = least; decade <= most; decade *= 10)
    for (const factor of [1, 2, 5]) if (decade * factor <= most) marks.push(decade * factor);
  const at = (number) => number.toFixed(1).replace(/\.0$/, '');

  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    `  role="img" aria-label="${escape(title)}">`,
    '<style>',
    '  text { font: 13px system-ui, sans-serif; fill: #1f2328 }',
    '  .title { font-weight: 600; font-size: 15px } .faint { fill: #59636e; font-size: 12px }',
    '  .end { text-anchor: end } .middle { text-anchor: middle }',
    '  .grid { stroke: #d1d9e0 } .own { fill: #c2410c } .full { fill: #3b6ea8 } .less { fill: #93a1b0 }',
    '  @media (prefers-color-scheme: dark) {',
    '    text { fill: #f0f6fc } .faint { fill: #9198a1 } .grid { stroke: #3d444d }',
    '    .own { fill: #f97316 } .full { fill: #6ea0d8 } .less { fill: #6b7785 }',
    '  }',
    '</style>',
    `<text class="title" x="12" y="24">${escape(title)}</text>`,
  ];
  let place = 12;
  for (const kind of Object.keys(legend).filter((one) => bars.some((bar) => bar.kind === one))) {
    lines.push(`<rect class="${kind}" x="${place}" y="36" width="12" height="12" rx="2"/>`);
    lines.push(`<text class="faint" x="${place + 17}" y="46">${escape(legend[kind])}</text>`);
    place += 40 + legend[kind].length * 7;
  }
  for (const mark of marks) {
    lines.push(`<line class="grid" x1="${at(x(mark))}" x2="${at(x(mark))}" y1="${top - 4}" y2="${bottom}"/>`);
    lines.push(`<text class="faint middle" x="${at(x(mark))}" y="${bottom + 18}">${mark}</text>`);
  }
  bars.forEach((bar, i) => {
    const y = top + i * step + (step - thick) / 2;
    lines.push(`<text class="end" x="${left - 8}" y="${y + 16}">${escape(bar.label)}</text>`);
    const long = at(Math.max(x(bar.value) - left, 1));
    lines.push(`<rect class="${bar.kind}" x="${left}" y="${y}" width="${long}" height="${thick}" rx="3"/>`);
    lines.push(`<text x="${at(x(bar.value) + 6)}" y="${y + 16}">${escape(bar.text)}</text>`);
  });
  lines.push('</svg>');
  return lines.join('\n') + '\n';
}
