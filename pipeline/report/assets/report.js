"use strict";
(() => {
  const OUTLINES = { f: "fragment", d: "disc", c: "canal", b: "bone", o: "all" };
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";

  class Viewer {
    constructor(root) {
      this.root = root;
      this.stage = root.querySelector(".slices");
      this.slices = [...root.querySelectorAll(".slice")];
      this.slider = root.querySelector(".scroller input");
      this.output = root.querySelector(".scroller output");
      this.outlines = [...root.querySelectorAll("[data-outline]")];
      this.rest = 0;
      this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
      this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
      this.stage.addEventListener("keydown", (event) => this.key(event));
      root.querySelectorAll("button[data-role]").forEach((b) => b.addEventListener("click", () => this.series(b)));
      this.outlines.forEach((b) => b.addEventListener("click", () => this.toggle(b.dataset.outline)));
      this.show(Number(this.slider.value));
    }

    show(index) {
      this.index = Math.min(Math.max(index, 0), this.slices.length - 1);
      this.slices.forEach((slice, i) => slice.classList.toggle("shown", i === this.index));
      this.slider.value = String(this.index);
      this.output.textContent = this.slices[this.index].querySelector(".where").textContent;
      this.slider.setAttribute("aria-valuetext", this.output.textContent);
    }

    wheel(event) {
      if (event.ctrlKey) return; // the browser's zoom
      this.rest += event.deltaMode === 0 ? event.deltaY / 60 : event.deltaY;
      const steps = Math.trunc(this.rest);
      this.rest -= steps;
      const last = this.slices.length - 1;
      const stuck = (event.deltaY < 0 && this.index === 0) || (event.deltaY > 0 && this.index === last);
      if (stuck) { this.rest = 0; return; } // past the last slice the page scrolls on
      event.preventDefault();
      if (steps) this.show(this.index + Math.sign(steps));
    }

    key(event) {
      const steps = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1, PageUp: -5, PageDown: 5 };
      if (event.key in steps) this.show(this.index + steps[event.key]);
      else if (event.key === "Home") this.show(0);
      else if (event.key === "End") this.show(this.slices.length - 1);
      else return;
      event.preventDefault();
    }

    series(button) {
      const role = button.dataset.role;
      this.root.querySelectorAll("button[data-role]").forEach((b) => press(b, b === button));
      this.stage.querySelectorAll("[data-role]").forEach((e) => e.classList.toggle("on", e.dataset.role === role));
    }

    button(name) {
      return this.outlines.find((b) => b.dataset.outline === name);
    }

    toggle(name) {
      this.outline(name, !pressed(this.button(name)));
    }

    outline(name, on) {
      press(this.button(name), on);
      this.root.classList.toggle("hide-" + name, !on);
      if (name !== "all") {
        press(this.button("all"), true);
        this.root.classList.remove("hide-all");
      }
    }
  }

  const viewers = [...document.querySelectorAll(".viewer")].map((root) => new Viewer(root));

  // Letters switch outlines everywhere, so that both planes always show the same.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const name = OUTLINES[event.key.toLowerCase()];
    if (!name || !viewers.length) return;
    const on = !pressed(viewers[0].button(name));
    viewers.forEach((viewer) => viewer.outline(name, on));
  });

  const blend = document.querySelector(".blend");
  if (blend) {
    const buttons = [...document.querySelectorAll("[data-blend]")];
    const share = document.querySelector(".blending input");
    const top = blend.querySelector(".followup");
    let timer = 0;
    const apply = (mode) => {
      clearInterval(timer);
      blend.dataset.mode = mode;
      buttons.forEach((b) => press(b, b.dataset.blend === mode));
      share.disabled = mode !== "mix";
      top.style.opacity = mode === "mix" ? share.value / 100 : 1;
      if (mode === "flicker") timer = setInterval(() => { top.style.opacity = top.style.opacity === "1" ? 0 : 1; }, 600);
    };
    buttons.forEach((b) => b.addEventListener("click", () => apply(b.dataset.blend)));
    share.addEventListener("input", () => apply("mix"));
    share.addEventListener("pointerdown", () => apply("mix"));
    apply("checkerboard");
    const bones = document.querySelector("[data-bones]");
    bones.addEventListener("click", () => {
      press(bones, !pressed(bones));
      blend.classList.toggle("hide-bones", !pressed(bones));
    });
  }

  // report.html#slice=4&outlines=off opens a view as it was talked about, e.g. in a message between colleagues.
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (/^\d+$/.test(wanted.get("slice") ?? "")) viewers[0]?.show(Number(wanted.get("slice")) - 1);
  if (wanted.get("outlines") === "off") viewers.forEach((viewer) => viewer.outline("all", false));
})();
