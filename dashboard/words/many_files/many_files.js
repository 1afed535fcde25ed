// A folder, or many files chosen together, reach Streamlit's upload box as one tar file. The box redraws all its files
// whenever one of them arrives: 2,000 files would freeze the tab for minutes. Packing reads no file: a tar is a header
// before each file's bytes, and the browser joins them when it sends the tar.

const BLOCK = 512; // bytes
const LONGEST_NAME = 100; // bytes in a header; a longer name gets an entry of its own

export default function ({ data }) {
  const { box, most_files, part_bytes, ending, archives } = data;
  const stop = new AbortController();
  const listen = (kind, handle) => document.addEventListener(kind, handle, { capture: true, signal: stop.signal });

  listen("change", (event) => {
    const { files } = event.target;
    if (!inBox(event.target) || !files || files.length <= most_files) return;
    event.stopImmediatePropagation();
    give([...files].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
  });

  listen("drop", async (event) => {
    if (!inBox(event.target) || !event.dataTransfer) return;
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (entries.length <= most_files && !entries.some((entry) => entry.isDirectory)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true })); // the box stops waiting for one
    give((await Promise.all(entries.map((entry) => filesIn(entry)))).flat());
  });

  function inBox(element) {
    return element instanceof Element && element.closest('[data-testid="stFileUploader"]') !== null;
  }

  // Hand files to the upload box, archives as they are; hidden files, of .git for example, stay behind.
  function give(all) {
    const files = all.filter(({ name }) => !name.split("/").some((part) => part.startsWith(".")));
    const isArchive = ({ name }) => !name.includes("/") && archives.some((one) => name.toLowerCase().endsWith(one));
    const transfer = new DataTransfer();
    for (const { file } of files.filter(isArchive)) transfer.items.add(file);
    const rest = files.filter((one) => !isArchive(one));
    for (const part of parts(rest, part_bytes)) transfer.items.add(new File(tar(part), `${part.length} files${ending}`));
    const input = document.querySelector(`.st-key-${box} input[type=file]`);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  return () => stop.abort();
}

// All files below a dropped file or folder.
async function filesIn(entry, above = "") {
  const name = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    return file ? [{ name, file }] : [];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([]))); // 100 at a time
    if (!some.length) return found;
    for (const one of some) found.push(...(await filesIn(one, `${name}/`)));
  }
}

// Files in their order, split into parts that the server accepts.
function* parts(files, most_bytes) {
  let part = [];
  let bytes = 0;
  for (const one of files) {
    if (part.length && bytes + one.file.size > most_bytes) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(one);
    bytes += one.file.size + 2 * BLOCK;
  }
  if (part.length) yield part;
}

function tar(files) {
  const pieces = files.flatMap(({ name, file }) => [...header(name, file.size), file, padding(file.size)]);
  return [...pieces, new Uint8Array(2 * BLOCK)];
}

function header(name, size) {
  const bytes = new TextEncoder().encode(name);
  const own = block(bytes.slice(0, LONGEST_NAME), size, "0");
  if (bytes.length <= LONGEST_NAME) return [own];
  const marker = new TextEncoder().encode("././@LongLink");
  return [block(marker, bytes.length, "L"), bytes, padding(bytes.length), own];
}

function block(name, size, type) {
  const bytes = new Uint8Array(BLOCK);
  const put = (text, at) => bytes.set(new TextEncoder().encode(text), at);
  bytes.set(name);
  put("0000644\0", 100);
  put(`${size.toString(8).padStart(11, "0")}\0`, 124);
  put("        ", 148); // in place of the checksum while it is computed
  put(type, 156);
  put("ustar  \0", 257);
  put(`${bytes.reduce((sum, one) => sum + one, 0).toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function padding(size) {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}
