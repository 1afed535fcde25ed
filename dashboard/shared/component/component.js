// What the scripts of all components draw with.

function make(tag, name, parent, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// The bytes of a text in base64.
function bytesOf(packed) {
  return Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
}

// Calls `draw` at once, when `place` has got another size and when the page has got another theme; returns what ends that.
function drawAgain(root, place, draw) {
  const size = new ResizeObserver(() => draw());
  size.observe(place);
  const onTheme = (event) => event.target === root && event.propertyName === "caret-color" && draw();
  root.addEventListener("transitionend", onTheme);
  return () => {
    size.disconnect();
    root.removeEventListener("transitionend", onTheme);
  };
}

// An empty canvas, sharp on every screen: its context and its size in pixels of the page; null while it is not shown.
function emptied(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

// A picture of numbers in the colours of a ramp, a pixel for each: columns from left to right, the first row lowest.
function pictured(columns, rows, colours, valueOf) {
  const picture = document.createElement("canvas");
  picture.width = columns;
  picture.height = rows;
  const image = new ImageData(columns, rows);
  const table = ramp(colours);
  for (let column = 0; column < columns; column++)
    for (let row = 0; row < rows; row++)
      image.data.set(table[valueOf(column * rows + row)], 4 * ((rows - 1 - row) * columns + column));
  picture.getContext("2d").putImageData(image, 0, 0);
  return picture;
}

// Colours that grow away from the page's ground: on a light page the darker the larger, on a dark page the lighter the larger.
const RAMPS = {
  light: {
    size: ["#f2f4ef", "#9fd3c7", "#3a8fa6", "#234f83", "#1b1546"], // from nothing
    signed: ["#053061", "#4393c3", "#f4f4f0", "#d6604d", "#67001f"], // minus to plus
  },
  dark: {
    size: ["#1c2429", "#1f5673", "#2f93a3", "#7fd0a4", "#f6f7c4"],
    signed: ["#b5dcff", "#3f80b8", "#20282c", "#bb5c3a", "#ffc6ab"],
  },
};

function rampOf(root, name) {
  return RAMPS[isDark(root) ? "dark" : "light"][name];
}

// Whether the ground of the page under an element, its `--ground`, is dark.
function isDark(root) {
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(root).getPropertyValue("--ground").trim() || "#fff";
  const [red, green, blue] = probe.fillStyle.match(/\w\w/g).map((one) => parseInt(one, 16));
  return red * 0.3 + green * 0.59 + blue * 0.11 < 128;
}

// 256 colours between those given, opaque.
function ramp(stops) {
  const numbers = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  return Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(place), stops.length - 2);
    const part = place - low;
    return [0, 1, 2].map((channel) => Math.round(numbers[low][channel] * (1 - part) + numbers[low + 1][channel] * part)).concat(255);
  });
}
