// The address bar of the browser holds all that the page shows; see dashboard/shared/address.py.
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const said = parentElement.querySelector("span");
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "Copied";
    } catch {
      window.prompt("Copy this link", location.href); // the clipboard may be forbidden
    }
    setTimeout(() => (said.textContent = ""), 3000);
  };
}
