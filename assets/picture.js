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
    if ("zoom" in figure.dataset) panAndZoom(figure, svg);
  };
  // The drawing is as wide as it is zoomed, and the figure scrolls it: nothing is cut off without a scroll bar.
  const panAndZoom = (figure, svg) => {
    const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
    const fitted = `min(100%, ${width}px, ${78 * width / height}vh)`;
    figure.style.maxHeight = "80vh";
    figure.style.border = "0";
    let grabbed, active = false;
    const show = (wide, least = 0) => {
      svg.style.cssText = `display:block;height:auto;max-width:none;cursor:grab;width:${wide};min-width:${least}px`;
    };
    // A wide row may be preceded by a narrow one, so the first source may be far from the corner.
    const start = () => {
      const frame = figure.getBoundingClientRect();
      const sources = [...svg.querySelectorAll("g > title + path")].map((node) => node.getBoundingClientRect());
      sources.sort((a, b) => a.x + a.y - b.x - b.y);
      const [first] = sources;
      if (first?.right > frame.left + figure.clientWidth) figure.scrollLeft += first.left - frame.left - 16;
      if (first?.bottom > frame.top + figure.clientHeight) figure.scrollTop += first.top - frame.top - 16;
    };
    const reset = () => {
      figure.style.height = "";
      show(fitted, figure.dataset.zoom * width);
      figure.scrollTo(0, 0);
      start();
    };
    const zoom = (factor, [x, y]) => {
      const before = svg.getBoundingClientRect();
      figure.style.height ||= Math.max(figure.offsetHeight, Math.min(height, 100)) + "px";
      show(Math.min(Math.max(before.width * factor, 60), 4 * width) + "px");
      const after = svg.getBoundingClientRect();
      const scale = after.width / before.width;
      figure.scrollLeft += after.left + (x - before.left) * scale - x;
      figure.scrollTop += after.top + (y - before.top) * scale - y;
    };
    const middle = () => {
      const frame = figure.getBoundingClientRect();
      return [frame.left + figure.clientWidth / 2, frame.top + figure.clientHeight / 2];
    };
    svg.addEventListener("wheel", (event) => {
      if (!active && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(1.0015 ** -event.deltaY, [event.clientX, event.clientY]);
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return;
      active = true;
      grabbed = [figure.scrollLeft + event.clientX, figure.scrollTop + event.clientY];
      svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (grabbed) figure.scrollTo(grabbed[0] - event.clientX, grabbed[1] - event.clientY);
    });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (grabbed = undefined));
    svg.addEventListener("pointerleave", () => (active = Boolean(grabbed)));
    const bar = document.createElement("div");
    bar.style.cssText = "display:flex;flex-wrap:wrap;gap:4px;margin:4px 0;align-items:center;font-size:12px;opacity:.8";
    for (const [text, name, act] of [
      ["+", "Zoom in", () => zoom(1 / 0.7, middle())],
      ["−", "Zoom out", () => zoom(0.7, middle())],
      ["Whole", "Show the whole graph", () => { figure.style.height = ""; show(fitted); }],
      ["Reset", "Show it as at first", reset],
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
    const hint = document.createElement("span");
    bar.append(hint);
    figure.after(bar);
    const tell = () => {
      place();
      keep();
      const isCut = figure.scrollWidth > figure.clientWidth + 1 || figure.scrollHeight > figure.clientHeight + 1;
      figure.style.outline = isCut ? "1px solid rgba(128,128,128,.6)" : "";
      figure.style.outlineOffset = "-1px";
      hint.textContent = (isCut ? "There is more of it: drag or scroll to move; " : "") + "click, or hold Ctrl, and scroll to zoom";
    };
    // A graph that is drawn again and again while it runs stays as it was moved.
    const isLive = figure.previousElementSibling?.getAttribute("role") === "status";
    const first = svg.querySelector("title")?.textContent.split("\n")[0];
    const views = isLive ? (window.dagbokViews ??= {}) : {};
    const key = `${svg.getAttribute("viewBox")} ${first}`;
    const last = views[key];
    if (last) [svg.style.cssText, figure.style.height] = last.style;
    else reset();
    // Nothing can be scrolled before the page has a size.
    let isPlaced = false;
    const place = () => {
      if (isPlaced || !figure.clientWidth) return;
      isPlaced = true;
      if (last) figure.scrollTo(...last.at);
      else start();
    };
    const keep = () => {
      const style = [svg.style.cssText, figure.style.height];
      if (isPlaced && figure.isConnected) views[key] = { style, at: [figure.scrollLeft, figure.scrollTop] };
    };
    figure.addEventListener("scroll", keep);
    const sizes = new ResizeObserver(tell);
    sizes.observe(figure);
    sizes.observe(svg);
  };
  document.querySelectorAll(`figure[data-dagbok="${id}"]:not([data-live])`).forEach(inline);
}
