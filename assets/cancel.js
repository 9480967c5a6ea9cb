(computation, kernel) => {
  const slot = document.currentScript?.previousElementSibling;
  const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "null");
  if (!slot || !config) return;
  const cancelled = (window.dagbokCancelled ??= new Set());
  const button = document.createElement("button");
  const show = () => {
    button.disabled = cancelled.has(computation);
    button.textContent = button.disabled ? "Cancelling…" : "Cancel";
  };
  const cancel = () => {
    if (cancelled.has(computation)) return;
    cancelled.add(computation);
    show();
    const headers = {};
    const xsrf = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
    if (xsrf) headers["X-XSRFToken"] = xsrf[1];
    if (config.token) headers.Authorization = `token ${config.token}`;
    const again = () => {
      cancelled.delete(computation);
      show();
    };
    fetch(`${config.baseUrl}api/kernels/${kernel}/interrupt`, { method: "POST", credentials: "same-origin", headers })
      .then((answer) => answer.ok || again(), again);
  };
  // The next update puts another button in its place, so that a click may never be complete.
  button.onpointerdown = cancel;
  button.onclick = cancel;
  show();
  slot.replaceChildren(button);
}
