// A cell by hand: one unit of a recurrent network at one step, drawn from the network's own numbers. Everything runs in the
// browser: a step, a unit, a formula or a weight asks nothing of the server.

const floats = (packed) => (typeof packed !== "string" ? packed : new Float32Array(bytesOf(packed).buffer));

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".cell-by-hand");
  root.stop?.(); // the same place, other numbers
  root.replaceChildren();
  root.classList.toggle("compact", Boolean(data.compact));

  // What was chosen stays chosen when the numbers change, as after another epoch of the same network.
  const kept = root.kept?.name === data.name ? root.kept : { name: data.name, preset: 0 };
  root.kept = kept;
  let model, states, unit, t, block, answer, version = 0;

  // A link asks for a step by its last frame, for a unit and for a part.
  if (data.in_address && kept.t === undefined) {
    const frame = numberOfAddress("frame", data.steps * data.frames_a_step - 1);
    kept.t = frame === undefined ? undefined : Math.floor(frame / data.frames_a_step);
    const wanted = numberOfAddress("unit", data.units);
    kept.unit = wanted ? wanted - 1 : undefined;
    const part = new URLSearchParams(location.search).get("part");
    kept.block = part in data.names && (part in data.formulas || part === "x") ? part : undefined;
  }

  function open(source) {
    model = {
      cell: data.cell ?? source.cell, blocks: source.blocks, units: source.units, inputs: source.inputs, steps: source.steps,
      kernel: floats(source.kernel), recurrent: floats(source.recurrent), bias: source.bias.map(floats), x: floats(source.x), forced: source.forced,
    }; // prettier-ignore
    answer = source.answer && { ...source.answer, kernel: floats(source.answer.kernel), bias: floats(source.answer.bias) };
    unit = Math.min(kept.unit ?? source.unit, model.units - 1);
    t = Math.min(kept.t ?? source.t, model.steps - 1);
    block = kept.block ?? source.block;
    states = readSequence(model);
    version++;
  }

  // --- the parts of the page
  const intro = data.presets && make("div", "presets", root);
  const controls = make("div", "controls sticky", root);
  const play = make("button", "main", controls);
  const back = make("button", "", controls, "◀");
  back.ariaLabel = "one step back";
  const on = make("button", "", controls, "▶|");
  on.ariaLabel = "one step on";
  const slider = make("input", "", controls);
  slider.type = "range";
  slider.min = 0;
  slider.ariaLabel = "step";
  const where = make("span", "where", controls);
  const chooser = make("span", "units", controls);
  const previous = make("button", "", chooser, "−");
  previous.ariaLabel = "previous unit";
  const which = make("span", "which", chooser);
  const next = make("button", "", chooser, "+");
  next.ariaLabel = "next unit";
  const row = data.presets && make("div", "inputs", root);
  const main = make("div", "main-part", root);
  const picture = make("div", "picture", main);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("role", "group");
  picture.append(svg);
  const spoken = make("p", "spoken", picture);
  spoken.setAttribute("aria-live", "polite");
  const panel = formulaPanel(make("div", "formula", main), make);
  const curves = make("div", "curves", root);
  const lanes = make("div", "lanes", root);
  const details = make("details", "", root);
  make("summary", "", details, "All units in numbers");
  const table = make("div", "table", details);
  const drawCurves = timeline(curves, make, root, (to) => (pause(), go(to)));

  // --- numbers of one step, for the picture
  function now() {
    const before = t ? states[t - 1] : firstState(model);
    const state = states[t];
    const gates = Object.fromEntries(Object.entries(state.gates).map(([name, values]) => [name, values[unit]]));
    const reach = Math.max(1, ...states.map((one) => Math.abs((one.c ?? one.h)[unit])));
    const best = data.probabilities && data.probabilities[t].indexOf(Math.max(...data.probabilities[t]));
    return {
      before: { h: before.h[unit], c: before.c?.[unit] }, after: { h: state.h[unit], c: state.c ? state.c[unit] : null },
      ...gates, reach, best, x: model.inputs === 1 ? number(model.x[t], 0) : `${model.inputs} values`,
      answer: data.probabilities && `${data.labels[best]} ${percent(data.probabilities[t][best])}`,
      opened: openSum(model, model.cell === "simple_rnn" ? "state" : "candidate", unit, t, before, state),
    }; // prettier-ignore
  }

  function context(numbers) {
    const before = t ? states[t - 1] : firstState(model);
    const summed = model.cell === "simple_rnn" && block === "h" ? "state" : block;
    const made = { block: summed, now: numbers, unit, version, data: { ...data, inputs: model.inputs, input_names: data.input_names ?? ["x"] } };
    if (model.blocks.includes(summed)) {
      made.forced = model.forced?.[t]?.[summed];
      made.opened = openSum(model, summed, unit, t, before, states[t]);
      Object.assign(made, { terms: made.opened.terms, sum: made.opened.sum });
      if (data.presets) made.edit = (term, value) => edit(summed, term, value);
    } else if (block === "x") {
      const x = Array.from(model.x.subarray(t * model.inputs, (t + 1) * model.inputs));
      made.terms = x.map((value, from) => ({ kind: "x", from, value, weight: 1, share: 1, product: value }));
    } else if (block === "y") Object.assign(made, explainAnswer(numbers));
    return made;
  }

  function explainAnswer({ best }) {
    const share = data.probabilities[t][best];
    const answerSays = `If the clip ended here, the answer would be “${data.labels[best]}”, with ${percent(share)}.`;
    if (!answer) return { answerSays: `${answerSays} ${data.answer_note}`, answerNumbers: "" };
    const summary = summaryAt(answer, states, t);
    const { terms, sum } = openLogit(answer, summary, best);
    const others = data.labels.map((_, label) => Math.exp(openLogit(answer, summary, label).sum - sum)).reduce((one, other) => one + other, 0);
    const e = `<msup><mi>e</mi>${mn(sum)}</msup>`;
    const numbersOf = `${mo("=")}<mfrac>${e}<mrow>${mo("∑")}<msup><mi>e</mi><mi>s</mi></msup></mrow></mfrac>${mo("=")}${mn(1 / others, 3)}`;
    return {
      answerSays: `${answerSays} Its score is read from ${answer.readout === "last" ? "the state" : "the mean of the states so far"}:`,
      answerNumbers: `<div>${MATH(numbersOf)}</div>`, terms, sum,
    }; // prettier-ignore
  }

  function edit(name, term, value) {
    const width = model.blocks.length * model.units;
    const at = model.blocks.indexOf(name) * model.units + unit;
    if (term.kind === "x") model.kernel[term.from * width + at] = value;
    if (term.kind === "h") model.recurrent[term.from * width + at] = value;
    if (term.kind === "b") model.bias[0][at] = value;
    if (term.kind === "d") model.bias[1][at] = value;
    recompute();
  }

  function recompute() {
    states = readSequence(model);
    redrawCurves();
    move();
  }

  // --- drawing
  let diagram, moveCurves;
  function layOut() {
    const wide = picture.clientWidth;
    if (!wide) return;
    root.classList.toggle("dark", isDark(root));
    const plan = { cell: model.cell, units: model.units, inputs: model.inputs, answers: Boolean(data.probabilities), compact: Boolean(data.compact) };
    diagram = drawDiagram(svg, plan, Math.max(330, Math.min(720, wide)), pick);
    svg.setAttribute("aria-label", `One unit of ${data.title ?? model.cell}: Tab reaches its parts, Enter shows a formula`);
    redrawCurves();
    lay(lanes);
    move();
  }
  function redrawCurves() {
    moveCurves = drawCurves(states, unit, t, data.envelope);
  }

  let cells = [];
  function lay(place) {
    place.replaceChildren();
    cells = [];
    if (model.units === 1) return;
    for (const name of states[0].c ? ["c", "h"] : ["h"]) {
      const line = make("div", "row", place);
      make("div", "name", line, `${name}, ${model.units} units`);
      const strip = make("div", "strip", line);
      strip.tabIndex = 0;
      strip.role = "slider";
      strip.ariaLabel = `unit, by its ${name}`;
      strip.ariaValueMin = 1;
      strip.ariaValueMax = model.units;
      const rows = Math.ceil((model.units * 13) / Math.max(1, strip.clientWidth));
      strip.style.gridTemplateColumns = `repeat(${Math.ceil(model.units / rows)}, minmax(0, 1fr))`;
      const boxes = Array.from({ length: model.units }, (_, at) => {
        const one = make("i", "", strip);
        one.onclick = () => choose(at);
        return one;
      });
      cells.push({ name, strip, boxes });
    }
  }

  function move() {
    if (!diagram) return;
    const numbers = now();
    kept.unit = unit; kept.t = t; kept.block = block; // prettier-ignore
    if (data.in_address) tellAddress({ frame: (t + 1) * data.frames_a_step - 1, unit: unit + 1, part: block });
    diagram.set(numbers);
    diagram.mark(block);
    panel.show(context(numbers));
    moveCurves(t);
    slider.max = model.steps - 1;
    slider.value = t;
    where.textContent = data.times ? `${data.times[t].toFixed(2)} s · step ${t + 1} of ${model.steps}` : `step ${t + 1} of ${model.steps}`;
    slider.ariaValueText = where.textContent;
    chooser.hidden = model.units === 1;
    which.textContent = `unit ${unit + 1} of ${model.units}`;
    spoken.ariaLive = player.isOn() ? "off" : "polite";
    spoken.textContent = sentence(numbers);
    for (const { name, strip, boxes } of cells) {
      const values = states[t][name];
      const reach = Math.max(1, ...values.map(Math.abs));
      boxes.forEach((one, at) => {
        one.style.setProperty("--share", `${Math.round((100 * Math.abs(values[at])) / reach)}%`);
        one.className = `${values[at] < 0 ? "minus" : "plus"}${at === unit ? " chosen" : ""}`;
        one.title = `unit ${at + 1}: ${number(values[at], 3)}`;
      });
      strip.ariaValueNow = unit + 1;
      strip.ariaValueText = `unit ${unit + 1}: ${name} = ${number(values[unit], 3)}`;
    }
    if (details.open) fillTable();
    if (row) fillInputs();
  }

  function sentence({ before, after, forget, input, output, candidate, update, answer: says }) {
    const end = says ? ` If the clip ended here: ${says}.` : "";
    if (forget !== undefined)
      return `Delete: the memory ${number(before.c)} is kept to ${percent(forget)}. Write: ${percent(input)} of ${number(candidate)} is added, so c is ${number(after.c)}. Read: ${percent(output)} of it is let out, so h is ${number(after.h)}.${end}`;
    if (update !== undefined)
      return `${percent(update)} of the state ${number(before.h)} is kept, ${percent(1 - update)} comes from the candidate ${number(candidate)}, so h is ${number(after.h)}.${end}`;
    return `Nothing is kept as it is: the frame and all states before give the new state, h is ${number(after.h)}.${end}`;
  }

  function fillTable() {
    const names = [...(states[t].c ? ["c"] : []), "h", ...Object.keys(states[t].gates)];
    const valuesOf = (name) => states[t][name] ?? states[t].gates[name];
    const head = names.map((name) => `<th>${LETTERS[name] ?? "g"}</th>`).join("");
    const lines = Array.from({ length: model.units }, (_, at) => `<tr data-unit="${at}"${at === unit ? ' class="chosen"' : ""}><td><button>${at + 1}</button></td>${names.map((name) => `<td>${number(valuesOf(name)[at], 3)}</td>`).join("")}</tr>`);
    table.innerHTML = `<table><thead><tr><th>unit</th>${head}</tr></thead><tbody>${lines.join("")}</tbody></table>`;
  }
  table.onclick = (event) => {
    const line = event.target.closest("tr[data-unit]");
    if (line) choose(Number(line.dataset.unit));
  };
  details.ontoggle = () => details.open && fillTable();

  // --- a small cell: what it reads can be clicked, and there are cells to begin with
  function fillInputs() {
    while (row.children.length < model.steps) {
      const at = row.children.length;
      const one = make("button", "", row);
      make("i", "", one);
      make("span", "", one);
      one.onclick = () => {
        model.x[at] = { 0: 1, 1: -1 }[model.x[at]] ?? 0;
        t = at;
            recompute();
      };
    }
    Array.from(row.children).forEach((one, at) => {
      const value = model.x[at];
      one.className = `${value < 0 ? "minus" : value > 0 ? "plus" : ""}${at === t ? " chosen" : ""}`;
      one.lastChild.textContent = number(value, 0);
      one.ariaLabel = `x at step ${at + 1}: ${number(value, 0)}. Enter changes it.`;
    });
  }
  function start(place) {
    kept.preset = place;
    const preset = data.presets[place] ?? drawn();
    Object.assign(kept, { unit: undefined, t: undefined, block: undefined });
    open(preset);
    row.replaceChildren();
    Array.from(tabs.children).forEach((one, at) => (one.ariaPressed = at === place));
    story.textContent = preset.says;
    drawing.hidden = place < data.presets.length;
    layOut();
  }
  // A cell of 1 to 4 units with weights drawn at random, in front of what was read last.
  function drawn() {
    const [first] = data.presets;
    const units = Number(size.value);
    sized.textContent = `${units} ${units === 1 ? "unit" : "units"}`;
    return {
      ...untrained(data.cell, first.blocks, units, model?.x ?? floats(first.x)), unit: 0, t: 0, block: first.block,
      says: "Weights drawn at random, as before any training. What does the state keep of what it read?",
    }; // prettier-ignore
  }
  let tabs, story, drawing, size, sized;
  if (intro) {
    tabs = make("div", "tabs", intro);
    [...data.presets.map((one) => one.name), "Untrained"].forEach((name, place) => (make("button", "", tabs, name).onclick = () => start(place)));
    story = make("p", "", intro);
    drawing = make("div", "drawing", intro);
    size = make("input", "", drawing);
    Object.assign(size, { type: "range", min: 1, max: 4, value: kept.size ?? 2, ariaLabel: "units of the untrained cell" });
    sized = make("span", "", drawing);
    size.oninput = () => (kept.size = size.value, start(data.presets.length));
    make("button", "", drawing, "Draw again").onclick = () => start(data.presets.length);
    make("p", "hint", intro, "Click the numbers that it reads: 0, 1, −1. Click a gate: its weights are sliders.");
  }

  // --- the cursor
  function go(to) {
    t = Math.max(0, Math.min(model.steps - 1, to));
    move();
  }
  function choose(to) {
    unit = Math.max(0, Math.min(model.units - 1, to));
    redrawCurves();
    move();
  }
  function pick(what) {
    block = what;
    move();
  }
  const player = playing(play, { position: () => t, last: () => model.steps - 1, each: () => Math.max(120, 9000 / model.steps), go });
  const { pause } = player;
  back.onclick = () => (pause(), go(t - 1));
  on.onclick = () => (pause(), go(t + 1));
  slider.oninput = () => (pause(), go(Number(slider.value)));
  previous.onclick = () => choose(unit - 1);
  next.onclick = () => choose(unit + 1);
  root.onkeydown = (event) => {
    if (event.target.tagName === "INPUT" || event.altKey || event.ctrlKey || event.metaKey) return;
    const does = {
      ArrowLeft: () => go(t - 1), ArrowRight: () => go(t + 1), Home: () => go(0), End: () => go(model.steps - 1),
      ArrowUp: () => choose(unit - 1), ArrowDown: () => choose(unit + 1),
    }[event.key]; // prettier-ignore
    if (!does || (event.key.match(/Up|Down/) && (model.units === 1 || details.contains(event.target)))) return;
    event.preventDefault();
    pause();
    does();
  };

  if (data.presets) start(Math.min(kept.preset, data.presets.length));
  else open(data);
  let last = "";
  const leave = drawAgain(root, picture, () => {
    const now = `${picture.clientWidth} ${isDark(root)}`;
    if (now !== last) layOut();
    last = now;
  });
  root.stop = () => {
    pause();
    leave();
  };
  layOut();
  return root.stop;
}
