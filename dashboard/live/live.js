// The open microphone. Sound goes to the server over the page's own connection; the network's answers come back and are
// drawn here. One message is under way at a time, and holds all sound that the server has not confirmed, so lost sound
// is sent again.

const SEND_SECONDS = 0.09; // of sound in a message, at the least
const BEHIND_SECONDS = 1; // from then on the page says that the server is behind
const SKIP_SECONDS = 5; // with more sound waiting than this, all but the newest is dropped
const KEEP_SECONDS = 0.5; // of it
const AGAIN_MS = 1000; // a message without an answer is sent once more
const LOST_MS = 2000; // from then on the page says that the server does not answer
const MUTED_SECONDS = 3; // of zeros: no microphone that works is as silent as that
const SAID_MS = 6000; // for so long the page says that sound was left out
const SHOWN_SECONDS = 10;
const SHOWN_EVENTS = 8;
const WORD_STAYS_SECONDS = 1.5; // a word is shown for at least so long before other speech takes its place
const REFUSAL_STAYS_SECONDS = 0.8; // after other speech
const REFUSED = "not one of its words";
const DRAW_MS = 40;
const QUIETEST = -60; // of the level meter [dB]

const APART = ["_unknown_", "_silence_"];
const ROW = 26; // height of a ribbon [px]

// Runs in the audio thread: averages the channels, 16 bits, about 20 ms at a time.
const RECORDER = `
registerProcessor("recorder", class extends AudioWorkletProcessor {
  filled = 0;
  samples = new Int16Array(1024);
  process([channels]) {
    if (!channels.length) return true;
    for (let place = 0; place < channels[0].length; place++) {
      let sum = 0;
      for (const channel of channels) sum += channel[place];
      this.samples[this.filled++] = Math.max(-32768, Math.min(32767, Math.round((32768 * sum) / channels.length)));
      if (this.filled === this.samples.length) {
        this.port.postMessage(this.samples, [this.samples.buffer]);
        this.samples = new Int16Array(1024);
        this.filled = 0;
      }
    }
    return true;
  }
});`;

const REASONS = {
  NotAllowedError: "The browser may not use the microphone: allow it for this page in the address bar, then press Start again.",
  NotFoundError: "There is no microphone: plug one in, then press Start again.",
  NotReadableError: "The microphone does not respond: close other programs that use it, then press Start again.",
};
const NOT_SECURE =
  "Browsers open the microphone only on localhost or over HTTPS: open Echoic as http://localhost with its port, or serve it " +
  "over HTTPS.";
const UNPLUGGED = "The microphone was unplugged: plug it in, then press Start again.";
const MUTED = "The microphone is silent. Is it muted?";
const YIELDS_TO = ["pointerdown", "click", "keydown", "popstate"];
const KEPT = "echoic-live:"; // begins the names under which this tab of the browser keeps what each network has heard
const PRESSING = ["Enter", " "]; // keys that do what a click does
const YIELD_MS = 1000; // after a click elsewhere on the page
const LEAVE_MS = 5000; // after one on a link to another page
const BEHIND = "The server is more than a second behind. Nothing is lost.";
const NO_ANSWER = "The server does not answer. The page continues when it does.";

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".live");
  root.live ??= open(root);
  root.live.receive(data, (message) => atOnce(() => setStateValue("message", message))); // called with each reply, on the same page
  return root.live.close;
}

function open(root) {
  const controls = make("div", "controls", root);
  const button = make("button", "main", controls);
  const level = make("div", "level", controls);
  level.role = "meter";
  level.ariaLabel = "level of the microphone in decibels";
  level.ariaValueMin = QUIETEST;
  level.ariaValueMax = 0;
  const loud = make("i", "", level);
  const speed = make("span", "speed", controls);
  const fault = make("p", "fault", root);
  fault.role = "alert";
  const note = make("p", "note", root);
  note.role = "status";
  const now = make("div", "now", root);
  const latest = make("div", "latest", now);
  latest.ariaLive = "polite";
  const word = make("div", "word", latest);
  const sure = make("div", "sure", latest);
  const past = make("div", "past", now);
  make("div", "title", past, "Heard");
  const list = make("ol", "", past);
  const ribbons = make("div", "ribbons", root);
  const names = make("div", "names", ribbons);
  const plot = make("div", "plot", ribbons);
  const canvas = make("canvas", "", plot);
  canvas.role = "img";
  canvas.ariaLabel = "how probable each word was, over the last ten seconds";
  const axis = make("div", "axis", plot);
  for (let ago = SHOWN_SECONDS; ago >= 0; ago -= 2) {
    const tick = make("span", "", axis, ago ? `${ago} s ago` : "now");
    tick.style.left = `${100 - (100 * ago) / SHOWN_SECONDS}%`;
  }

  let labels = [];
  let network = null;
  let step_seconds = 0.1;
  let send = () => {};
  let microphone = null; // while it is open
  let steps = []; // of the last seconds
  let heard = []; // words, the newest first
  let stream = "";
  let seen = 0; // steps of this stream
  let last = null; // word that was detected
  let refusedAt = null; // time of the last step of other speech [s], while the page says so
  let number = 0; // of the last message
  let answered = []; // how long the last answers took [ms]
  let yieldsFrom = 0; // nothing is sent from then [ms]
  let yieldsUntil = 0; // until then

  // A message reruns this fragment, and would cut off the run that a click elsewhere asked for; a click to another page
  // left that page empty. So the click goes first, and the sound waits.
  function yields(event) {
    const path = event.composedPath();
    if (path.includes(root) || (event.type === "keydown" && !PRESSING.includes(event.key))) return;
    const link = path.find((one) => one instanceof HTMLAnchorElement);
    const leads = event.type === "popstate" || (link && link.pathname !== location.pathname);
    const time = performance.now();
    if (time > yieldsUntil) yieldsFrom = time;
    // clicks in quick succession do not hold the sound back for ever
    yieldsUntil = Math.min(yieldsFrom + LEAVE_MS, Math.max(yieldsUntil, time + (leads ? LEAVE_MS : YIELD_MS)));
  }

  // Seconds for which this page has held sound back since the last answer.
  function held() {
    const since = Math.max(yieldsFrom, microphone.answered ?? 0);
    return Math.max(0, Math.min(yieldsUntil, performance.now()) - since) / 1000;
  }

  // --- the microphone
  async function start() {
    say("");
    if (!navigator.mediaDevices?.getUserMedia) return say(NOT_SECURE);
    const focused = root.getRootNode().activeElement === button;
    button.disabled = true;
    const opened = { chunks: [], next: 0, zeros: 0, left: 0, sitting: crypto.randomUUID(), underway: null };
    try {
      opened.source = await navigator.mediaDevices.getUserMedia({
        // The networks are trained on unprocessed sound; only its level may be adjusted.
        audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
      });
      opened.context = new AudioContext({ latencyHint: "interactive" });
      const code = URL.createObjectURL(new Blob([RECORDER], { type: "text/javascript" }));
      await opened.context.audioWorklet.addModule(code);
      URL.revokeObjectURL(code);
      await opened.context.resume();
      const recorder = new AudioWorkletNode(opened.context, "recorder", { numberOfOutputs: 0 });
      recorder.port.onmessage = ({ data }) => microphone === opened && take(data);
      opened.context.createMediaStreamSource(opened.source).connect(recorder);
    } catch (error) {
      release(opened);
      return say(REASONS[error.name] ?? `The microphone cannot be opened (${error.name}).`);
    } finally {
      button.disabled = false;
      if (focused) button.focus(); // which it lost while it was disabled
    }
    if (!root.isConnected) return release(opened); // the user has left the page
    opened.rate = opened.context.sampleRate;
    clear();
    microphone = opened;
    for (const track of opened.source.getAudioTracks()) track.onended = () => stop(UNPLUGGED);
    opened.timer = setInterval(watch, 500);
    for (const kind of YIELDS_TO) window.addEventListener(kind, yields, true);
    label();
    requestAnimationFrame(draw);
  }

  function release(opened) {
    clearInterval(opened.timer);
    for (const kind of YIELDS_TO) window.removeEventListener(kind, yields, true);
    opened.source?.getTracks().forEach((track) => track.stop());
    opened.context?.close();
  }

  function stop(reason = "") {
    if (microphone) release(microphone);
    microphone = null;
    say(reason);
    remark("");
    meter(0);
    label();
    paint();
  }

  function take(samples) {
    microphone.at = performance.now();
    microphone.began = Math.min(microphone.began ?? Infinity, microphone.at - (1000 * (microphone.next + samples.length)) / microphone.rate);
    root.dataset.began = microphone.began; // when the sound began, in the page's time [ms]
    microphone.chunks.push({ first: microphone.next, samples });
    microphone.next += samples.length;
    let peak = 0;
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    microphone.zeros = peak ? 0 : microphone.zeros + samples.length;
    meter(peak / 32768);
    pass();
  }

  // --- the conversation with the server
  function waiting() {
    return (microphone.next - (microphone.chunks[0]?.first ?? microphone.next)) / microphone.rate;
  }

  function pass() {
    const { underway, chunks, rate } = microphone;
    const time = performance.now();
    if (time < yieldsUntil) return;
    if (underway && time - underway.at < AGAIN_MS) return;
    if (waiting() - held() > SKIP_SECONDS) {
      const first = microphone.next - KEEP_SECONDS * rate;
      const before = waiting();
      while (chunks[0].first < first) chunks.shift();
      microphone.left += before - waiting();
      microphone.skipped = time;
    }
    if (waiting() < SEND_SECONDS) return;
    microphone.underway = { number: ++number, at: time, captured: microphone.at, first: underway?.first ?? time };
    send({
      sitting: microphone.sitting, number, rate, first: chunks[0].first, audio: base64(chunks), stream, seen,
    });
  }

  function receive(data, sender) {
    send = sender;
    step_seconds = data.step_seconds;
    if (data.network !== network) {
      keep();
      network = data.network;
      labels = data.labels;
      names.replaceChildren(...labels.map((name) => Object.assign(document.createElement("span"), { textContent: plain(name), title: plain(name) })));
      canvas.style.height = `${ROW * labels.length}px`;
      clear();
      restore();
      label();
    }
    const reply = data.reply;
    if (!microphone || !reply) return;
    if (reply.fault && microphone.underway?.number === reply.number) return stop(reply.fault);
    if (reply.sitting !== microphone.sitting) return;
    if (reply.stream !== stream) {
      stream = reply.stream;
      seen = 0;
    }
    reply.steps.slice(Math.max(0, seen - reply.first)).forEach(add);
    seen = Math.max(seen, reply.first + reply.steps.length);
    const { chunks, underway } = microphone;
    while (chunks.length && chunks[0].first + chunks[0].samples.length <= reply.known) chunks.shift();
    if (underway && reply.number >= underway.number) {
      microphone.answered = performance.now();
      answered = [...answered, microphone.answered - underway.captured].slice(-20);
      microphone.underway = null;
    }
    pass();
  }

  // --- what is seen
  function add(step) {
    steps.push(step);
    while (steps[0].time < step.time - SHOWN_SECONDS - 1) steps.shift();
    if (!step.word) return refuse(step);
    heard = [{ word: step.word, share: `${Math.round(100 * step.confidence)} %`, time: step.time }, ...heard].slice(0, SHOWN_EVENTS);
    refusedAt = null;
    showHeard();
    void word.offsetWidth; // restarts the animation if the same word is detected again
    word.className = "word lit";
  }

  function showHeard() {
    last = heard[0];
    if (last) showLast();
    list.replaceChildren(
      ...heard.map((one) => {
        const line = document.createElement("li");
        make("time", "", line, clock(one.time));
        make("b", "", line, one.word);
        make("span", "", line, one.share);
        return line;
      }),
    );
  }

  // --- what is found again: after a visit to another page, or when this one is loaded again
  function keep() {
    if (network === null) return;
    try {
      sessionStorage.setItem(KEPT + network, JSON.stringify({ labels, heard, steps }));
    } catch {} // the browser keeps nothing for this page
  }

  function restore() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT + network));
    } catch {} // as above
    if (kept?.labels?.join() !== labels.join()) return;
    ({ heard, steps } = kept);
    showHeard();
    paint();
  }

  // While speech sounds that is none of the words, say so in place of the last word.
  function refuse(step) {
    if (step.refused && step.time - (last?.time ?? -Infinity) > WORD_STAYS_SECONDS) {
      if (refusedAt === null) {
        word.className = "word refused";
        word.textContent = REFUSED;
        sure.textContent = "It hears speech.";
      }
      refusedAt = step.time;
    } else if (refusedAt !== null && step.time - refusedAt > REFUSAL_STAYS_SECONDS) {
      refusedAt = null;
      if (last) showLast();
      else label();
    }
  }

  function showLast() {
    word.className = "word";
    word.textContent = last.word;
    sure.textContent = `${last.share} sure`;
  }

  function clear() {
    steps = [];
    heard = [];
    last = null;
    refusedAt = null;
    answered = [];
    list.replaceChildren();
    speed.textContent = "";
    paint();
  }

  function label() {
    button.textContent = microphone ? "■ Stop" : "● Start";
    root.classList.toggle("on", !!microphone);
    if (refusedAt !== null && last) showLast();
    refusedAt = null;
    if (!list.children.length) {
      word.className = "word none";
      word.textContent = microphone ? "Listening …" : "Press Start";
      sure.textContent = microphone ? "Say one of its words." : "The microphone stays open until you press Stop.";
    }
  }

  function say(sentence) {
    fault.textContent = sentence;
  }

  function remark(sentence) {
    if (note.textContent !== sentence) note.textContent = sentence; // setting the same text again would make a screen reader repeat it
  }

  function watch() {
    const time = performance.now();
    const { underway, skipped, zeros, rate } = microphone;
    if (time - skipped > SAID_MS) microphone.left = 0;
    if (underway && time > yieldsUntil && time - Math.max(underway.first, yieldsUntil) > LOST_MS) remark(NO_ANSWER);
    else if (microphone.left)
      remark(`The server was more than ${SKIP_SECONDS} seconds behind, so ${microphone.left.toFixed(1)} seconds were left out.`);
    else if (waiting() - held() > BEHIND_SECONDS) remark(BEHIND);
    else remark(zeros > MUTED_SECONDS * rate ? MUTED : "");
    const sorted = [...answered].sort((one, other) => one - other);
    if (sorted.length) speed.textContent = `answers after ${Math.round(sorted[sorted.length >> 1])} ms`;
    pass(); // also where no sound comes any more
  }

  function meter(peak) {
    const decibels = Math.max(QUIETEST, 20 * Math.log10(peak || 1e-9));
    level.ariaValueNow = Math.round(decibels);
    loud.style.transform = `scaleX(${1 - decibels / QUIETEST})`;
  }

  let drawn = 0;
  function draw(time) {
    if (!microphone) return;
    if (time - drawn > DRAW_MS) {
      drawn = time;
      paint();
    }
    requestAnimationFrame(draw);
  }

  // The more probable its word, the thicker and darker a ribbon.
  function paint() {
    const fresh = labels.length && emptied(canvas);
    if (!fresh) return;
    const { context, width } = fresh;
    const style = getComputedStyle(root);
    const [line, accent, text] = ["--line", "--accent", "--text"].map((name) => style.getPropertyValue(name).trim());
    context.fillStyle = line;
    labels.forEach((_, row) => context.fillRect(0, ROW * (row + 0.5) - 0.5, width, 1));
    if (!steps.length) return;
    const until = microphone?.at ? (microphone.next / microphone.rate) + (performance.now() - microphone.at) / 1000 : steps.at(-1).time;
    const x = (time) => width * (1 - (until - time) / SHOWN_SECONDS);
    for (const { time, row } of steps) {
      const left = Math.round(x(time - step_seconds)); // whole pixels: no seams between the steps
      const wide = Math.round(x(time)) - left;
      row.forEach((share, place) => {
        if (share < 0.03) return;
        const isWord = !APART.includes(labels[place]); // what is none stays in the background
        context.fillStyle = isWord ? accent : text;
        context.globalAlpha = (0.3 + 0.7 * share) * (isWord ? 1 : 0.3);
        const thick = Math.max(1, share * (ROW - 4));
        context.fillRect(left, ROW * (place + 0.5) - thick / 2, wide, thick);
      });
    }
    context.globalAlpha = 1;
    context.fillStyle = text;
    for (const { time, word } of steps) {
      if (!word) continue;
      const top = ROW * labels.indexOf(word);
      context.fillRect(x(time) - 1, top + 1, 2, ROW - 2);
      context.beginPath();
      context.arc(x(time), top + 4, 4, 0, 7);
      context.fill();
    }
  }

  button.onclick = () => (microphone ? stop() : start());
  const leave = drawAgain(root, plot, paint);
  window.addEventListener("pagehide", keep);
  label();
  return {
    receive,
    close: () => {
      leave();
      window.removeEventListener("pagehide", keep);
      keep();
      stop();
    },
  };
}

// Streamlit sends a value after a timer of zero. A click to another page before that timer would be sent first, and the
// message, for a fragment that is gone by then, would leave that page empty. So send at once.
function atOnce(give) {
  const timer = window.setTimeout;
  window.setTimeout = (run, delay, ...rest) => (delay ? timer(run, delay, ...rest) : run(...rest));
  try {
    give();
  } finally {
    window.setTimeout = timer;
  }
}

// Format seconds as minutes and seconds: 72.4 is 1:12.4.
function clock(seconds) {
  const tenths = Math.floor(10 * seconds + 1e-6); // rounded down, so no minute has sixty seconds
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, "0")}`;
}

// Concatenate the samples of all chunks.
function base64(chunks) {
  let text = "";
  for (const { samples } of chunks) text += String.fromCharCode(...new Uint8Array(samples.buffer));
  return btoa(text);
}

// A label as people read it: "_unknown_" -> "unknown".
function plain(label) {
  return APART.includes(label) ? label.replaceAll("_", "") : label;
}
