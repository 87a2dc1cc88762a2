# One image for both planes: `gateway` or `admin` as the first argument, with a configuration file mounted.
# Not for `npm start`: the embedded PostgreSQL, the pinned Node and everything of development stay in the build stage.
# What it is made of lies in it: dist/sbom.cdx.json (CycloneDX) and dist/licences.txt.
# Invariant: nothing in the last stage can install, compile or open a shell, and it does not run as root.
# Refused: one image per plane; they share all but a few files, and one image has one version.

FROM node:26-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY tools tools
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node tools/build.mjs && rm -rf admin/ui
RUN node tools/licences.mjs > dist/licences.txt && node tools/sbom.mjs
RUN npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM gcr.io/distroless/nodejs26-debian13:nonroot AS plane
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/tools tools
COPY --from=build /app/policies policies
COPY --from=build /app/runtime runtime
COPY --from=build /app/gateway gateway
COPY --from=build /app/admin admin
COPY --from=build /app/cli cli
ENTRYPOINT ["/nodejs/bin/node", "cli/main.ts"]
CMD ["help"]
