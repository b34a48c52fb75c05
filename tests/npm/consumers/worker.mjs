import { journey } from "./journey.mjs";

export default {
  async fetch(request, env) {
    return Response.json(await journey(env.RAINDROP_ENDPOINT));
  },
};
