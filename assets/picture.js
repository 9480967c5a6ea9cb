(id) => {
  const inline = (figure) => {
    const image = figure.querySelector("img");
    const bytes = Uint8Array.from(atob(image.src.split(",")[1]), (char) => char.charCodeAt(0));
    const parsed = new DOMParser().parseFromString(new TextDecoder().decode(bytes), "image/svg+xml");
    const svg = document.importNode(parsed.documentElement, true);
    svg.classList.add("live");
    svg.style.cssText = "display:block;max-width:100%;height:auto;max-height:80vh";
    figure.replaceChildren(svg);
    figure.dataset.live = "";
    if ("zoom" in figure.dataset) {
      svg.style.minWidth = 0.55 * svg.getAttribute("width") + "px";
      figure.style.maxHeight = "none";
      panAndZoom(figure, svg);
    }
  };
  const panAndZoom = (figure, svg) => {
    const whole = svg.getAttribute("viewBox").split(" ").map(Number);
    let view, grabbed, active = false;
    const show = (next) => svg.setAttribute("viewBox", (view = next).join(" "));
    const at = (event) => {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return [x, y];
    };
    const zoom = (factor, [x, y]) => {
      const scale = Math.min(Math.max(view[2] * factor, whole[2] / 40), whole[2] * 1.5) / view[2];
      show([x - (x - view[0]) * scale, y - (y - view[1]) * scale, view[2] * scale, view[3] * scale]);
    };
    const middle = () => [view[0] + view[2] / 2, view[1] + view[3] / 2];
    svg.addEventListener("wheel", (event) => {
      if (!active && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(1.0015 ** event.deltaY, at(event));
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      active = true;
      grabbed = at(event);
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!grabbed) return;
      const [x, y] = at(event);
      show([view[0] + grabbed[0] - x, view[1] + grabbed[1] - y, view[2], view[3]]);
    });
    svg.addEventListener("pointerup", () => (grabbed = undefined));
    svg.addEventListener("pointerleave", () => (active = Boolean(grabbed)));
    svg.style.cursor = "grab";
    svg.style.touchAction = "pan-y";
    const bar = document.createElement("div");
    bar.style.cssText = "display:flex;gap:4px;margin:4px 0;align-items:center;font-size:12px;opacity:.8";
    for (const [text, name, act] of [
      ["+", "Zoom in", () => zoom(0.7, middle())],
      ["−", "Zoom out", () => zoom(1 / 0.7, middle())],
      ["Reset", "Show the whole graph", () => show(whole)],
    ]) {
      const button = document.createElement("button");
      button.textContent = text;
      button.title = name;
      button.setAttribute("aria-label", name);
      button.style.cssText =
        "font:inherit;color:inherit;background:none;border:1px solid currentColor;border-radius:4px;padding:0 7px;cursor:pointer";
      button.addEventListener("click", act);
      bar.append(button);
    }
    bar.append("Drag to move; click, or hold Ctrl, and scroll to zoom");
    figure.after(bar);
    show(whole);
  };
  document.querySelectorAll(`figure[data-dagbok="${id}"]:not([data-live])`).forEach(inline);
}
