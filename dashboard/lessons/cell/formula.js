// The formula behind what was clicked, with the numbers of this step: symbols, numbers, the terms of the sum. The weights of
// a small cell are sliders in it.

const MOST_TERMS = { usual: 7, compact: 4 }; // listed one by one; the others are one number
const SQUASHED = { input: "σ", forget: "σ", output: "σ", update: "σ", reset: "σ", candidate: "tanh", state: "tanh" };

const signed = (value) => (value < 0.0005 ? "" : "+") + number(value, 3);
const mn = (value, digits = 2) => `<mn>${number(value, digits)}</mn>`;
const mo = (operator) => `<mo>${operator}</mo>`;
const under = (value, text) => `<munder><munder>${mn(value)}<mo>⏟</mo></munder><mtext>${text}</mtext></munder>`;
const group = (inner) => `<mrow><mo>(</mo>${inner}<mo>)</mo></mrow>`;
const call = (name, inner) => (name === "σ" ? "<mi>σ</mi>" : "<mi>tanh</mi>") + group(inner);
const product = (...factors) => factors.map((one) => mn(one)).join(mo("·"));
const MATH = (inner) => `<math display="inline"><mrow>${inner}</mrow></math>`;

// [lines of MathML, what is summed]; each line continues the one before.
function inNumbers(block, now, opened, forced) {
  const { before, after } = now;
  const value = block in SQUASHED && block !== "state" ? now[block] : after.h;
  if (block === "c")
    return [
      `${mo("=")}${product(now.forget, before.c)}${mo("+")}${product(now.input, now.candidate)}`,
      `${mo("=")}${mn(now.forget * before.c)}${mo("+")}${mn(now.input * now.candidate)}${mo("=")}${mn(after.c, 3)}`,
    ];
  if (block === "h" && after.c !== null)
    return [
      `${mo("=")}${mn(now.output)}${mo("·")}${call("tanh", mn(after.c))}`,
      `${mo("=")}${product(now.output, Math.tanh(after.c))}${mo("=")}${mn(after.h, 3)}`,
    ];
  if (block === "h" && now.update !== undefined)
    return [
      `${mo("=")}${product(now.update, before.h)}${mo("+")}${product(1 - now.update, now.candidate)}`,
      `${mo("=")}${mn(now.update * before.h)}${mo("+")}${mn((1 - now.update) * now.candidate)}${mo("=")}${mn(after.h, 3)}`,
    ];
  const name = SQUASHED[block];
  const reset = block === "candidate" && now.reset !== undefined;
  const parts = reset
    ? `${under(opened.frame + opened.bias, "frame")}${mo("+")}${mn(now.reset)}${mo("·")}${under(opened.inner, "state")}`
    : `${under(opened.frame, "frame")}${mo("+")}${under(opened.state, "state")}${mo("+")}${under(opened.bias, "bias")}`;
  if (forced !== undefined)
    return [`${mo("=")}${mn(forced, 0)}<mtext>, held ${forced ? "open" : "shut"}</mtext>`, `<mtext>its weights say </mtext>${call(name, mn(opened.sum))}${mo("=")}${mn(sigmoid(opened.sum), 3)}`];
  return [`${mo("=")}${call(name, parts)}`, `${mo("=")}${call(name, mn(opened.sum))}${mo("=")}${mn(value, 3)}`];
}

// What the clicked part does at this step, in a sentence.
function inWords(block, now, unit) {
  const who = `unit ${unit + 1}`;
  const of = (value) => number(value);
  return {
    forget: () => `The forget gate of ${who} keeps ${percent(now.forget)} of its memory and deletes the rest: ${of(now.before.c)} becomes ${of(now.forget * now.before.c)}.`,
    input: () => `The input gate of ${who} writes ${percent(now.input)} of the candidate into the memory: ${of(now.input * now.candidate)}.`,
    output: () => `The output gate of ${who} reads ${percent(now.output)} of the memory: h = ${of(now.after.h)}.`,
    update: () => `The update gate of ${who} keeps ${percent(now.update)} of the state and renews ${percent(1 - now.update)} from the candidate.`,
    reset: () => `The reset gate of ${who} lets the candidate see ${percent(now.reset)} of what the past adds to its sum.`,
    candidate: () => `The candidate of ${who} is the new content on offer, between −1 and 1: ${of(now.candidate)}.`,
    state: () => `${who[0].toUpperCase()}${who.slice(1)} has no gates: its whole state is computed anew from the frame and all states before.`,
    c: () => `The cell state of ${who}: what was kept plus what was written. A sum, so it may leave −1 to 1.`,
    h: () =>
      now.after.c !== null
        ? `The hidden state of ${who}: as much of the memory as the output gate lets out.`
        : now.update !== undefined
          ? `The hidden state of ${who}: a mix of the old state and the candidate.`
          : `The hidden state of ${who}.`,
  }[block]();
}

function curveOf(kind, sum) {
  const squash = kind === "σ" ? sigmoid : Math.tanh;
  const [low, high] = kind === "σ" ? [0, 1] : [-1, 1];
  const x = (value) => 60 + 9 * Math.max(-6, Math.min(6, value));
  const y = (value) => 46 - (40 * (value - low)) / (high - low);
  const line = Array.from({ length: 49 }, (_, at) => `${x(-6 + at / 4)},${y(squash(-6 + at / 4))}`).join(" ");
  return `<svg class="curve" viewBox="0 0 120 52" role="img" aria-label="${kind} at ${number(sum)} is ${number(squash(sum))}"><line x1="6" x2="114" y1="${y(0)}" y2="${y(0)}"/><polyline points="${line}"/><line class="drop" x1="${x(sum)}" x2="${x(sum)}" y1="${y(0)}" y2="${y(squash(sum))}"/><circle cx="${x(sum)}" cy="${y(squash(sum))}" r="4"/></svg>`;
}

// The panel beside the picture. `show(context)` draws a step; weights are sliders where `context.edit` is a function.
function formulaPanel(panel, make) {
  let built = "";
  let refreshers = [];

  function heading(context) {
    const { block, now, unit, data, opened } = context;
    const name = data.names[block] ?? block;
    title.textContent = block === "x" || block === "y" ? name : `${name}, unit ${unit + 1}`;
    if (block === "x") says.textContent = `What comes in at this step: ${data.inputs} ${data.inputs === 1 ? "number" : "numbers, normalised; the largest first"}.`;
    else if (block === "y") says.textContent = context.answerSays;
    else says.textContent = inWords(block, now, unit);
    formula.innerHTML = data.formulas[block] ?? "";
    if (block === "y") values.innerHTML = context.answerNumbers;
    else values.innerHTML = block === "x" ? "" : inNumbers(block, now, opened, context.forced).map((line) => `<div>${MATH(line)}</div>`).join("");
    curve.innerHTML = opened && SQUASHED[block] ? curveOf(SQUASHED[block], opened.sum) : "";
  }

  const title = make("h4", "", panel);
  const says = make("p", "", panel);
  const formula = make("div", "math", panel);
  const values = make("div", "math", panel);
  const curve = make("div", "", panel);
  const list = make("div", "terms", panel);

  const nameOf = (term, data) =>
    ({ x: () => data.input_names[term.from], h: () => `h, unit ${term.from + 1}`, b: () => "bias b", d: () => "bias d" })[term.kind]();
  const factors = (term) =>
    term.kind === "b"
      ? ""
      : `${term.share !== 1 ? `${number(term.share)} · ` : ""}${number(term.value)} · ${number(term.weight)}`;

  function row(name, middle, value, reach, kind = "") {
    const made = [make("span", kind, list, name), make("span", `factors ${kind}`, list, middle), make("span", `bar ${kind}`, list)];
    bar(made[2], value, reach);
    made.push(make("b", kind, list, signed(value)));
    return made;
  }
  function bar(place, value, reach) {
    place.replaceChildren();
    const made = make("i", value < 0 ? "minus" : "plus", place);
    made.style.width = `${50 * Math.min(1, Math.abs(value) / reach)}%`;
  }

  function fixed({ terms, sum, data, block }) {
    list.replaceChildren();
    if (block === "x") {
      const { listed, others } = largest(terms, 12);
      const reach = Math.max(1e-9, ...listed.map((one) => Math.abs(one.product)));
      for (const term of listed) row(nameOf(term, data), "", term.product, reach);
      if (others) make("span", "wide", list, `and ${others} smaller ones`);
      return;
    }
    const { listed, others, rest } = largest(terms, MOST_TERMS[data.compact ? "compact" : "usual"]);
    const reach = Math.max(1e-9, Math.abs(rest), ...listed.map((one) => Math.abs(one.product)));
    for (const term of listed) row(nameOf(term, data), factors(term), term.product, reach);
    if (others) row(`${others} others`, "together", rest, reach);
    row("sum", "", sum, Math.max(reach, Math.abs(sum)), "sum");
  }

  function sliders(context) {
    const { data, edit } = context;
    list.replaceChildren();
    refreshers = [];
    for (const [at, term] of context.terms.entries()) {
      const name = nameOf(term, data);
      const label = make("span", "", list, name);
      const slider = make("input", "", list);
      Object.assign(slider, { type: "range", min: -10, max: 10, step: 0.1, value: term.weight });
      slider.ariaLabel = `weight of ${name}`;
      const place = make("span", "bar", list);
      const result = make("b", "", list);
      slider.oninput = () => edit(term, Number(slider.value));
      refreshers.push((terms, reach) => {
        const here = terms[at];
        slider.value = here.weight;
        slider.ariaValueText = number(here.weight, 1);
        label.textContent = here.kind === "b" ? `${name} = ${number(here.weight, 1)}` : `${name}: ${number(here.value)} · ${number(here.weight, 1)}`;
        bar(place, here.product, reach);
        result.textContent = signed(here.product);
      });
    }
    const total = row("sum", "", context.sum, 1, "sum");
    refreshers.push((terms, reach, sum) => {
      bar(total[2], sum, Math.max(reach, Math.abs(sum)));
      total[3].textContent = signed(sum);
    });
  }

  return {
    show(context) {
      heading(context);
      list.hidden = !context.terms;
      if (!context.terms) return;
      const key = `${context.block}/${context.unit}/${context.version}`;
      if (!context.edit || context.block === "x") {
        built = "";
        return fixed(context);
      }
      if (built !== key) sliders(context);
      built = key;
      const reach = Math.max(1, ...context.terms.map((one) => Math.abs(one.product)));
      for (const refresh of refreshers) refresh(context.terms, reach, context.sum);
    },
  };
}
