# Latchkey in an image: the published files and what they need to run, no compiler, no npm, no shell script at the start.
# Runs as nobody's user on a read-only root file system; /data is the one place it writes to, and only with SQLite.
#
#   docker build -t latchkey .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges -v latchkey:/data -p 3000:3000 \
#     -e PUBLIC_URL=https://app.example.com -e SECRET_KEY_FILE=/run/secrets/key … latchkey

FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
# No install script runs: what is needed in machine code comes as a package of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npx tsc -p tsconfig.build.json \
 && for config in vite*.config.ts; do npx vite build --config "$config" --logLevel warn; done \
 && rm -rf node_modules \
 && npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules dist \( -name '*.map' -o -name '*.d.ts' -o -name '*.md' \) ! -name 'LICENSES.md' -delete

FROM node:24-bookworm-slim
# What no server needs: package managers, and their caches.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /root/.npm \
 && install -d -o node -g node -m 0700 /data
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATABASE_URL=sqlite:/data/latchkey.db
USER node
VOLUME /data
EXPOSE 3000
# Whether the process answers; /readyz, whether its database does, is for load balancers: no restart mends a database.
HEALTHCHECK --interval=15s --timeout=4s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1 and takes SIGTERM: answers are finished, letters given back, 10 s at most.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "dist/cli/main.js"]
CMD ["serve"]
