// A picture of the user: chosen, dropped or pasted, and then encoded.

import { h, newId } from "../dom.js";
import { ExplorerError } from "../errors.js";
import { readPicture } from "../picture.js";
import { capital, withCode } from "../text.js";

/** @import { Model } from "../model.js" */
/** @import { Header, OwnPicture } from "../types.js" */

/**
 * @param {object} options
 * @param {Header} options.header
 * @param {Model} options.model
 * @param {HTMLElement | Document} options.listenOn where a picture may be dropped or pasted
 * @param {() => () => boolean} options.onasked tells later whether this picture is still what was asked for last
 * @param {(own: OwnPicture) => void} options.onpicture
 * @param {((file: File) => void) | null} options.onfile told of each picture of the user, too
 */
export function makeOwnPicture({ header, model, listenOn, onasked, onpicture, onfile }) {
  // a picture is grey or colour
  const isTaken = model.encode !== null && [1, 3].includes(header.imageShape[2]);
  const note = h(
    "p",
    { class: "hint", role: "status" },
    isTaken
      ? `Or drop a picture anywhere on this page, or paste one. ${header.encoder ? "It stays in this browser." : "It stays on the machine that serves the page."}`
      : "",
  );
  const file = h("input", {
    type: "file",
    accept: "image/*",
    class: "unseen",
    id: newId("file"),
    onchange: () => {
      given(file.files?.[0]);
      file.value = "";
    },
  });
  const overlay = h("div", { class: "drop", "aria-hidden": "true" }, h("span", {}, "Drop the picture to encode it"));

  /** @param {File | undefined} picture */
  function given(picture) {
    take(picture);
    if (picture) onfile?.(picture);
  }

  /** @param {File | undefined} picture */
  async function take(picture) {
    if (!isTaken || !model.encode || !picture) return;
    const isAskedFor = onasked();
    try {
      const { levels, note: done } = await readPicture(picture, header.imageShape);
      const { code } = await model.encode(levels);
      if (!isAskedFor()) return;
      note.textContent = done;
      note.classList.remove("wrong");
      onpicture({ levels, code, unlike: null, title: "Your picture" });
    } catch (error) {
      if (!(error instanceof ExplorerError)) throw error;
      if (!isAskedFor()) return;
      note.textContent = error.message;
      note.classList.add("wrong");
    }
  }

  let dragDepth = 0;
  /** @param {DragEvent} event */
  function onDrag(event) {
    const carried = event.dataTransfer;
    if (!carried || !carried.types.includes("Files")) return;
    event.preventDefault();
    dragDepth += event.type === "dragenter" ? 1 : event.type === "dragleave" ? -1 : 0;
    if (event.type === "drop") {
      dragDepth = 0;
      given(carried.files[0]);
    }
    overlay.classList.toggle("open", dragDepth > 0 && isTaken);
  }
  /** @param {ClipboardEvent} event */
  function onPaste(event) {
    given(event.clipboardData?.files[0]);
  }
  const heard = /** @type {[string, EventListener][]} */ ([
    ["dragenter", onDrag],
    ["dragover", onDrag],
    ["dragleave", onDrag],
    ["drop", onDrag],
    ["paste", onPaste],
  ]);
  for (const [kind, answer] of heard) listenOn.addEventListener(kind, answer);

  return {
    elements: isTaken
      ? [
          h(
            "p",
            { class: "hint" },
            `The encoder runs ${header.encoder ? "in this page" : "for this page"} too. It shows the code of your picture, and its reconstruction.`,
          ),
          h("div", { class: "row file" }, file, h("label", { for: file.id, class: "button" }, "Choose a picture")),
          note,
        ]
      : [h("p", { class: "hint" }, withCode(capital(`${header.encoderMissing}.`))), note],
    overlay,
    take,
    destroy() {
      for (const [kind, answer] of heard) listenOn.removeEventListener(kind, answer);
    },
  };
}
