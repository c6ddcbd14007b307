// Keeps a passkey, or uses one. What is in it is between the browser and the site.

const byId = (id) => document.getElementById(id);

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error("refused");
  return answer.json();
}

async function keep() {
  const options = PublicKeyCredential.parseCreationOptionsFromJSON(await post("/passkey/new", {}));
  const credential = await navigator.credentials.create({ publicKey: options });
  await post("/passkey/keep", credential.toJSON());
  return "Kept. Next time, choose “Use my passkey”.";
}

async function use() {
  const options = PublicKeyCredential.parseRequestOptionsFromJSON(await post("/passkey/ask", {}));
  const credential = await navigator.credentials.get({ publicKey: options });
  await post("/passkey/use", credential.toJSON());
  location.assign("/shelf");
  return "";
}

for (const [id, act] of [["keep-passkey", keep], ["use-passkey", use]]) {
  byId(id)?.addEventListener("click", async () => {
    try {
      byId("passkey-said").textContent = await act();
      if (act === keep) byId(id).hidden = true;
    } catch {
      byId("passkey-said").textContent = "That did not work. Nothing has changed.";
    }
  });
}
