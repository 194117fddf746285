// The same explorer as an anywidget: its data comes from the kernel once, its latents go both ways.

import { mount } from "./app.js";
import { readBundle } from "./bundle.js";

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  // the notebook's theme, where it says which
  const light = document.body.dataset.jpThemeLight;
  if (light) root.dataset.theme = light === "true" ? "light" : "dark";
  let blobs, explorer;
  try {
    blobs = Object.fromEntries(Object.entries(model.get("_blobs")).map(([name, view]) => [name, bytesOf(view)]));
    const same = (latents) => JSON.stringify(Array.from(latents)) === JSON.stringify(model.get("latents"));
    let timer = 0;
    explorer = mount(root, readBundle(model.get("_header"), blobs), {
      heading: "h2",
      fragment: `z=${model.get("latents").join(",")}`,
      onlatents: (latents) => {
        if (same(latents)) return;
        model.set("latents", Array.from(latents));
        // the kernel hears of it when the hand rests
        clearTimeout(timer);
        timer = setTimeout(() => model.save_changes(), 60);
      },
    });
    const follow = () => { if (JSON.stringify(explorer.latents) !== JSON.stringify(model.get("latents"))) explorer.setLatents(model.get("latents")); };
    model.on("change:latents", follow);
    return () => {
      model.off("change:latents", follow);
      explorer.destroy();
    };
  } catch (error) {
    root.className = "freyvae failed";
    root.textContent = error.message;
    return () => {};
  }
}

export default { render };
