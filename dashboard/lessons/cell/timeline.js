// One unit over the whole sequence: what it carries, and its gates, on one time axis; a click moves the cursor.

const LINES = {
  c: ["--line-1", []], h: ["--line-2", [7, 3]],
  forget: ["--line-1", []], input: ["--line-2", [7, 3]], output: ["--line-3", [2, 2]],
  update: ["--line-1", []], reset: ["--line-2", [7, 3]],
};
const LETTERS = { c: "c", h: "h", forget: "f", input: "i", output: "o", update: "z", reset: "r" };

function timeline(place, make, root, go) {
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function plot(title, names, values, range, steps, envelope) {
    const line = make("div", "row", place);
    const label = make("div", "name", line, title);
    const key = make("span", "key", label);
    for (const name of names) {
      const [, dash] = LINES[name];
      const one = make("span", "", key);
      one.innerHTML = `<svg viewBox="0 0 28 8" aria-hidden="true"><line x1="0" y1="4" x2="28" y2="4" style="stroke:var(${LINES[name][0]})" stroke-width="3" stroke-dasharray="${dash.join(" ")}"/></svg>`;
      one.append(LETTERS[name]);
    }
    const canvas = make("canvas", "", line);
    canvas.role = "img";
    canvas.ariaLabel = `${title} over ${steps} steps, from ${number(range[0], 1)} to ${number(range[1], 1)}`;
    const height = 74;
    canvas.style.height = `${height}px`;
    const draw = (at) => {
      const fresh = emptied(canvas);
      if (!fresh) return;
      const { context, width } = fresh;
      const y = (value) => 6 + ((range[1] - value) / (range[1] - range[0])) * (height - 12);
      const x = (step) => ((step + 0.5) / steps) * width;
      if (envelope) {
        context.fillStyle = colour("--quiet");
        const loudest = Math.max(0.02, ...envelope[1], ...envelope[0].map(Math.abs));
        envelope[0].forEach((low, column) => {
          const high = envelope[1][column];
          const top = height / 2 - (high / loudest) * (height / 2);
          context.fillRect((column / envelope[0].length) * width, top, width / envelope[0].length + 0.5, Math.max(1, ((high - low) / loudest) * (height / 2)));
        });
      }
      context.strokeStyle = colour("--line");
      context.fillStyle = colour("--text");
      context.font = `11px ${colour("--font") || "sans-serif"}`;
      context.lineWidth = 1;
      for (const mark of new Set([range[0], Math.max(0, range[0]), range[1]])) {
        context.beginPath();
        context.moveTo(0, y(mark));
        context.lineTo(width, y(mark));
        context.stroke();
        context.fillText(number(mark, Number.isInteger(mark) ? 0 : 1), 2, mark === range[1] ? y(mark) + 11 : y(mark) - 2);
      }
      for (const name of names) {
        context.strokeStyle = colour(LINES[name][0]);
        context.setLineDash(LINES[name][1]);
        context.lineWidth = 2;
        context.beginPath();
        for (let step = 0; step < steps; step++) context.lineTo(x(step), y(values(name, step)));
        context.stroke();
      }
      context.setLineDash([]);
      context.strokeStyle = colour("--text");
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x(at), 0);
      context.lineTo(x(at), height);
      context.stroke();
    };
    const drag = (event) => {
      const box = canvas.getBoundingClientRect();
      go(Math.floor(((event.clientX - box.left) / box.width) * steps));
    };
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag(event);
      canvas.onpointermove = drag;
    };
    canvas.onpointerup = canvas.onpointercancel = () => (canvas.onpointermove = null);
    return draw;
  }

  // `states` of all steps, of which `unit` is drawn with the cursor at `at`.
  return (states, unit, at, envelope) => {
    place.replaceChildren();
    const steps = states.length;
    const has = states[0];
    const carried = has.c ? ["c", "h"] : ["h"];
    const gates = Object.keys(has.gates).filter((name) => name !== "candidate");
    const most = Math.max(1, ...states.map((one) => Math.abs((one.c ?? one.h)[unit])));
    const reach = most > 1 ? Math.ceil(most * 10) / 10 : 1;
    const plots = [plot("State", carried, (name, t) => states[t][name][unit], [-reach, reach], steps, envelope)];
    if (gates.length) plots.push(plot("Gates", gates, (name, t) => states[t].gates[name][unit], [0, 1], steps));
    const draw = (to) => plots.forEach((one) => one(to));
    draw(at);
    return draw;
  };
}
