// The picture of one unit of a cell: pipes that carry numbers, valves that are open as far as a gate says, boxes to click.
// `drawDiagram` lays it out for a width in pixels and returns what sets its numbers.

const SVG = "http://www.w3.org/2000/svg";
const DOOR = 11; // a valve's two doors meet when it is shut and leave the pipe when it is open
const PIPE = 20; // width of a pipe in pixels; its stream is as wide as the number is large

const number = (value, digits = 2) => (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");
const percent = (share) => `${Math.round(100 * share)}\u00a0%`; // never broken between the two

function shape(tag, parent, attributes = {}, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// A symbol such as "c_{t+1}", its index set lower.
function symbol(parent, x, y, written, attributes = {}) {
  const [, base, index] = written.match(/^([^_]+)(?:_\{?([^}]*)\}?)?$/);
  const made = shape("text", parent, { x, y, "text-anchor": "middle", class: "symbol", ...attributes });
  shape("tspan", made, {}, base);
  if (index) shape("tspan", made, { dy: 4, "font-size": "0.72em" }, index);
  return made;
}

function drawDiagram(svg, plan, width, pick) {
  svg.replaceChildren();
  const at = (share) => Math.round(share * width);
  const setters = [];
  const picked = {}; // boxes by what they show
  const boxWidth = Math.max(46, Math.min(74, at(0.135)));

  const wire = (d, extra = "") => shape("path", svg, { d, class: `wire ${extra}` });
  const words = (x, y, value, anchor = "middle", name = "words") => {
    const made = shape("text", svg, { x, y, "text-anchor": anchor, class: name });
    setters.push((now) => (made.textContent = typeof value === "function" ? value(now) : value));
  };
  const beside = (x, y, verb, share) => {
    words(x, y - 2, verb, "start");
    words(x, y + 12, (now) => percent(share(now)), "start");
  };
  const pipe = (d, value, reach = () => 1) => {
    shape("path", svg, { d, class: "pipe", "stroke-width": PIPE });
    const stream = shape("path", svg, { d, class: "stream" });
    setters.push((now) => {
      const carried = value(now);
      stream.setAttribute("stroke-width", (PIPE - 4) * Math.min(1, Math.abs(carried) / reach(now)));
      stream.setAttribute("class", `stream ${carried < 0 ? "minus" : "plus"}`);
    });
  };
  const valve = (x, y, upright, block, open) => {
    const made = shape("g", svg, { class: "valve", transform: `translate(${x} ${y}) rotate(${upright ? 90 : 0})` });
    shape("rect", made, { x: -8, y: -DOOR - 13, width: 16, height: 2 * DOOR + 26, rx: 4, class: "frame" });
    const doors = [-1, 1].map((side) => [side, shape("rect", made, { x: -4, y: side < 0 ? -DOOR : 0, width: 8, height: DOOR })]);
    made.onclick = () => pick(block);
    setters.push((now) => {
      for (const [side, door] of doors) door.setAttribute("transform", `translate(0 ${side * DOOR * open(now)})`);
    });
  };
  const box = (x, y, block, written, value, note, says, wide = boxWidth) => {
    const made = shape("g", svg, { class: "box", tabindex: 0, role: "button", transform: `translate(${x} ${y})` });
    shape("rect", made, { x: -wide / 2, y: -25, width: wide, height: 50, rx: 7 });
    symbol(made, 0, note === undefined ? -4 : -10, written);
    const shown = shape("text", made, { y: note === undefined ? 15 : 6, "text-anchor": "middle", class: "value" });
    if (note !== undefined) shape("text", made, { y: 19, "text-anchor": "middle", class: "words" }, note);
    made.onclick = () => pick(block);
    made.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick(block);
    };
    picked[block] = made;
    setters.push((now) => {
      shown.textContent = value(now);
      made.setAttribute("aria-label", `${says}: ${value(now)}. Enter shows its formula.`);
    });
  };
  const end = (x, y, written, value) => {
    const made = shape("g", svg, { class: "end", transform: `translate(${x} ${y})` });
    shape("rect", made, { x: -23, y: -22, width: 46, height: 44, rx: 7 });
    symbol(made, 0, -3, written);
    const shown = shape("text", made, { y: 15, "text-anchor": "middle", class: "value" });
    setters.push((now) => (shown.textContent = value(now)));
  };
  const operation = (x, y, text) => {
    const made = shape("g", svg, { class: "operation", transform: `translate(${x} ${y})` });
    const wide = text.length > 1 ? 44 : 26;
    shape("rect", made, { x: -wide / 2, y: -13, width: wide, height: 26, rx: 13 });
    shape("text", made, { y: 5, "text-anchor": "middle" }, text);
  };
  const answerBox = (y) => {
    if (plan.answers) box(width - 56, y, "y", "y_t", (now) => now.answer, undefined, "answer if the clip ended here", 108);
  };

  const draw = { lstm: drawLstm, gru: drawGru, simple_rnn: drawSimpleRnn }[plan.cell];
  const height = draw({ at, width, boxWidth, plan, wire, words, pipe, valve, beside, box, end, operation, answerBox, svg });
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  return {
    set: (now) => setters.forEach((one) => one(now)),
    mark: (block) => {
      for (const [name, made] of Object.entries(picked)) {
        made.classList.toggle("picked", name === block);
        made.setAttribute("aria-pressed", name === block);
      }
    },
  };
}

function drawLstm({ at, width, boxWidth, plan, wire, words, pipe, valve, beside, box, end, operation, answerBox, svg }) {
  const [f, i, g, o, branch, right] = [at(0.25), at(0.39), at(0.53), at(0.67), at(0.79), width - 28];
  const [lane, high, gates, bus, low] = plan.compact ? [52, 112, 176, 238, 298] : [74, 148, 222, 300, 376];
  const edge = right - 27;
  const reach = (now) => now.reach;
  shape("rect", svg, { x: at(0.155), y: lane - 48, width: at(0.69), height: bus - lane + 74, rx: 14, class: "cell" });
  wire(`M 51 ${bus} H ${o}`, "bundle");
  wire(`M ${at(0.16)} ${low - 25} V ${bus}`, "bundle");
  for (const column of [f, i, g, o]) wire(`M ${column} ${bus} V ${gates + 25}`);
  words((f + o) / 2, bus + 20, `x and h: ${plan.inputs} + ${plan.units} ${plan.units + plan.inputs > 1 ? "numbers" : "number"}`);
  wire(`M ${f} ${gates - 25} V ${lane + 24}`, "stem");
  wire(`M ${i} ${gates - 25} V ${high} H ${g - 24}`, "stem");
  wire(`M ${o} ${gates - 25} V ${high + 20} H ${branch - 24}`, "stem");
  pipe(`M 51 ${lane} H ${f}`, (now) => now.before.c, reach);
  pipe(`M ${f} ${lane} H ${g}`, (now) => now.forget * now.before.c, reach);
  pipe(`M ${g} ${gates - 25} V ${high}`, (now) => now.candidate, reach);
  pipe(`M ${g} ${high} V ${lane}`, (now) => now.input * now.candidate, reach);
  pipe(`M ${g} ${lane} H ${edge} M ${branch} ${lane} V ${lane + 36}`, (now) => now.after.c, reach);
  pipe(`M ${branch} ${lane + 36} V ${high + 20}`, (now) => Math.tanh(now.after.c));
  pipe(`M ${branch} ${high + 20} V ${bus} H ${edge}`, (now) => now.after.h);
  if (plan.answers) wire(`M ${right} ${bus + 25} V ${low - 25}`, "bundle");
  operation(g, lane, "+");
  operation(branch, lane + 38, "tanh");
  valve(f, lane, false, "forget", (now) => now.forget);
  valve(g, high, true, "input", (now) => now.input);
  valve(branch, high + 20, true, "output", (now) => now.output);
  words(f, lane - 31, (now) => `keep ${percent(now.forget)}`);
  beside(g + 28, high, "write", (now) => now.input);
  beside(branch + 28, high + 20, "read", (now) => now.output);
  words((f + g) / 2 + 4, lane + 26, (now) => number(now.forget * now.before.c), "middle", "flow");
  words(g + 14, lane + 36, (now) => number(now.input * now.candidate), "start", "flow");
  end(28, lane, "c_t", (now) => number(now.before.c));
  end(28, bus, "h_t", (now) => number(now.before.h));
  box(at(0.16), low, "x", "x_t", (now) => now.x, undefined, "Input", Math.max(68, boxWidth));
  box(f, gates, "forget", "f", (now) => number(now.forget), "forget", "Forget gate");
  box(i, gates, "input", "i", (now) => number(now.input), "input", "Input gate");
  box(g, gates, "candidate", "g", (now) => number(now.candidate), "new", "Candidate");
  box(o, gates, "output", "o", (now) => number(now.output), "output", "Output gate");
  box(right, lane, "c", "c_{t+1}", (now) => number(now.after.c), undefined, "Cell state", 54);
  box(right, bus, "h", "h_{t+1}", (now) => number(now.after.h), undefined, "Hidden state", 54);
  answerBox(low);
  return low + 30;
}

function drawGru({ at, width, boxWidth, plan, wire, words, pipe, valve, beside, box, end, operation, answerBox, svg }) {
  const [z, r, bend, g, right] = [at(0.26), at(0.45), at(0.56), at(0.69), width - 28];
  const [lane, high, gates, bus, frames, low] = plan.compact ? [52, 112, 176, 240, 264, 330] : [74, 148, 222, 292, 318, 394];
  const edge = right - 27;
  shape("rect", svg, { x: at(0.155), y: lane - 52, width: at(0.69), height: frames - lane + 92, rx: 14, class: "cell" });
  wire(`M 28 ${lane + 22} V ${bus} H ${g - 8} V ${gates + 25}`, "bundle");
  wire(`M ${at(0.16)} ${low - 25} V ${frames} H ${g + 8} V ${gates + 25}`, "bundle");
  for (const column of [z, r]) wire(`M ${column - 5} ${bus} V ${gates + 25} M ${column + 5} ${frames} V ${gates + 25}`);
  words(at(0.165) + 4, bus - 8, `h: ${plan.units}`, "start");
  words(at(0.17) + 4, frames + 15, `x: ${plan.inputs}`, "start");
  wire(`M ${z} ${gates - 25} V ${lane + 24} M ${z} ${high} H ${g - 24}`, "stem");
  wire(`M ${r + boxWidth / 2} ${gates} H ${bend} V ${bus - 24}`, "stem");
  pipe(`M 51 ${lane} H ${z}`, (now) => now.before.h);
  pipe(`M ${z} ${lane} H ${g}`, (now) => now.update * now.before.h);
  pipe(`M ${g} ${gates - 25} V ${high}`, (now) => now.candidate);
  pipe(`M ${g} ${high} V ${lane}`, (now) => (1 - now.update) * now.candidate);
  pipe(`M ${g} ${lane} H ${edge}`, (now) => now.after.h);
  if (plan.answers) wire(`M ${right} ${lane + 25} V ${low - 25}`, "bundle");
  operation(g, lane, "+");
  valve(z, lane, false, "update", (now) => now.update);
  valve(g, high, true, "update", (now) => 1 - now.update);
  valve(bend, bus, false, "reset", (now) => now.reset);
  words(z, lane - 31, (now) => `keep ${percent(now.update)}`);
  beside(g + 28, high, "renew", (now) => 1 - now.update);
  words((z + g) / 2, high - 6, "1 − z");
  words(bend, bus + 48, (now) => `see ${percent(now.reset)}`);
  words((z + g) / 2 + 4, lane + 26, (now) => number(now.update * now.before.h), "middle", "flow");
  words(g + 14, lane + 36, (now) => number((1 - now.update) * now.candidate), "start", "flow");
  end(28, lane, "h_t", (now) => number(now.before.h));
  box(at(0.16), low, "x", "x_t", (now) => now.x, undefined, "Input", Math.max(68, boxWidth));
  box(z, gates, "update", "z", (now) => number(now.update), "update", "Update gate");
  box(r, gates, "reset", "r", (now) => number(now.reset), "reset", "Reset gate");
  box(g, gates, "candidate", "g", (now) => number(now.candidate), "new", "Candidate");
  box(right, lane, "h", "h_{t+1}", (now) => number(now.after.h), undefined, "Hidden state", 54);
  answerBox(low);
  return low + 30;
}

function drawSimpleRnn({ at, width, boxWidth, plan, wire, words, pipe, box, end, operation, answerBox, svg }) {
  const [u, plus, squash, right] = [at(0.3), at(0.46), at(0.66), width - 28];
  const [lane, middle, low] = [90, 190, 292];
  const edge = right - 27;
  const reach = () => 3; // tanh is flat beyond
  shape("rect", svg, { x: at(0.155), y: 36, width: at(0.69), height: 204, rx: 14, class: "cell" });
  wire(`M 51 ${lane} H ${u}`, "bundle");
  wire(`M ${plus} ${low - 25} V ${middle}`, "bundle");
  words(at(0.165) + 2, lane - 14, `h: ${plan.units}`, "start");
  words(plus + 12, middle + 34, `x: ${plan.inputs}`, "start");
  pipe(`M ${u} ${lane} H ${plus}`, (now) => now.opened.state, reach);
  pipe(`M ${plus} ${middle} V ${lane}`, (now) => now.opened.frame, reach);
  pipe(`M ${plus} ${lane} H ${squash}`, (now) => now.opened.sum, reach);
  pipe(`M ${squash} ${lane} H ${edge}`, (now) => now.after.h);
  if (plan.answers) wire(`M ${right} ${lane + 25} V ${low - 25}`, "bundle");
  operation(u, lane, "× U");
  operation(plus, middle, "× W");
  operation(plus, lane, "+");
  words(u, lane + 32, (now) => number(now.opened.state), "middle", "flow");
  words(plus + 16, middle - 40, (now) => number(now.opened.frame), "start", "flow");
  words(plus, lane - 22, (now) => `b = ${number(now.opened.bias)}`);
  words((plus + squash) / 2 - 4, lane + 26, (now) => number(now.opened.sum), "middle", "flow");
  end(28, lane, "h_t", (now) => number(now.before.h));
  box(plus, low, "x", "x_t", (now) => now.x, undefined, "Input", Math.max(68, boxWidth));
  box(squash, lane, "state", "tanh", (now) => number(now.after.h), "no gate", "New state");
  box(right, lane, "h", "h_{t+1}", (now) => number(now.after.h), undefined, "Hidden state", 54);
  answerBox(low);
  return low + 30;
}
