// A table of bits to click and of the states after each; every click on a bit sends all bits to Python. Where there is little
// room, the sequence goes on in a second table below.

const ROOM = 46; // pixels of a column
const NARROW = 6; // bits in a table of the narrow picture

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".machine");
  root.stop?.(); // the same place, other numbers
  const flip = (place) => {
    const bits = [...data.bits];
    bits[place] = bits[place] === "1" ? "0" : "1";
    setStateValue("bits", bits.join(""));
  };
  let drawn;
  const draw = () => {
    const all = data.bits.length;
    const each = root.clientWidth < (all + 2) * ROOM ? NARROW : all;
    if (each === drawn) return;
    drawn = each;
    const focused = root.querySelector("button:focus")?.dataset.place;
    root.replaceChildren();
    for (let first = 0; first < all; first += each) root.append(table(data, first, Math.min(all, first + each), flip));
    if (focused !== undefined) root.querySelector(`button[data-place="${focused}"]`)?.focus();
  };
  const watch = new ResizeObserver(draw);
  watch.observe(root);
  draw();
  root.stop = () => watch.disconnect();
  return root.stop;
}

// The bits from `first` to before `last`, and what follows from each; the first table begins with the state before any bit.
function table(data, first, last, flip) {
  const made = element("table");
  const from = first === 0 ? 0 : first + 1; // of the states
  const bits = [...data.bits].slice(first, last).map((bit, at) => button(bit, first + at, flip));
  made.append(row("bit", first === 0 ? [text("start"), ...bits] : bits));
  data.names.forEach((name, unit) => made.append(row(name, data.states.slice(from, last + 1).map((state) => value(state[unit])))));
  made.append(row("answer", data.answers.slice(from, last + 1).map((answer, at) => judged(answer, data.truth[from + at]))));
  return made;
}

function button(bit, place, flip) {
  const cell = element("td");
  const made = element("button");
  made.textContent = bit;
  made.dataset.place = place;
  made.setAttribute("aria-pressed", bit === "1");
  made.setAttribute("aria-label", `bit ${place + 1} is ${bit}; flip it`);
  made.addEventListener("click", () => flip(place));
  cell.append(made);
  return cell;
}

function judged(answer, truth) {
  const right = answer === truth;
  const cell = text(right ? answer : `${answer} ✗`);
  cell.className = right ? "" : "wrong";
  cell.title = right ? "right" : `wrong: it is ${truth}`;
  return cell;
}

function value(number) {
  const cell = text(number.toFixed(2).replace("-", "−"));
  const strength = Math.round(45 * Math.min(1, Math.abs(number)));
  cell.style.background = `color-mix(in srgb, ${number > 0 ? "#b2182b" : "#2166ac"} ${strength}%, transparent)`;
  return cell;
}

function text(written) {
  const cell = element("td");
  cell.textContent = written;
  return cell;
}

function row(name, cells) {
  const made = element("tr");
  const head = element("th");
  head.scope = "row";
  head.textContent = name;
  made.append(head, ...cells);
  return made;
}

function element(name) {
  return document.createElement(name);
}
