# The example application: one image for gateways and business services. The command names the services
# that a container runs, the environment (see moleculer.config.ts) the rest.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image brings its own Node.js: install scripts, and with them the devDependency `node`, stay off.
RUN npm ci --ignore-scripts --no-audit --no-fund && rm -rf node_modules/node node_modules/.bin/node

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json moleculer.config.ts ./
COPY mixins mixins
COPY services services
USER node
EXPOSE 3000
# Without a shell or npm in between, so that SIGTERM reaches the process and streams end in order.
ENTRYPOINT ["node_modules/.bin/moleculer-runner", "--config", "moleculer.config.ts"]
CMD ["--mask", "**/*.service.ts", "services"]
