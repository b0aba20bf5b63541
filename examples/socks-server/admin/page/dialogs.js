// Questions.

const confirmation = document.getElementById("confirm");
const asking = document.getElementById("ask");

/// Whether that is meant.
export function confirm(text, verb) {
  confirmation.querySelector("p").textContent = text;
  const yes = confirmation.querySelector(".yes");
  yes.textContent = verb;
  return new Promise((resolve) => {
    let meant = false;
    yes.onclick = () => {
      meant = true;
      confirmation.close();
    };
    confirmation.querySelector(".no").onclick = () => confirmation.close();
    confirmation.onclose = () => resolve(meant);
    confirmation.showModal();
  });
}

/// The token, which nothing works without.
export function askToken(wrong) {
  const [form, input] = [asking.querySelector("form"), asking.querySelector("input")];
  asking.querySelector(".wrong").hidden = !wrong;
  return new Promise((resolve) => {
    let token = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      token = input.value.trim();
      input.value = "";
      asking.close();
    };
    // Escape closes it too, and it is still not known.
    asking.onclose = () => (token ? resolve(token) : asking.showModal());
    asking.showModal();
  });
}
