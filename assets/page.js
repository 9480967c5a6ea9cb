// A button beside each source that copies it; without a clipboard there is none.
if (navigator.clipboard) {
  for (const source of document.querySelectorAll(".source")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(source.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    source.append(button);
  }
}
