# The example application: one image for gateways and business services. The command names the services
# that a container runs, the environment (see moleculer.config.ts) the rest.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# What the package depends on and its peers, all of them, and what the example needs besides, at the versions of the
# lock file; none of the development tools. `npm ci` cannot tell peers that are devDependencies too from the tools.
RUN npm pkg set "dependencies.moleculer-amqp=$(npm pkg get devDependencies.moleculer-amqp | tr -d '"')" \
	&& npm pkg delete devDependencies peerDependenciesMeta \
	&& npm install --ignore-scripts --no-audit --no-fund

# What the gateways serve to pages.
FROM node:24-slim AS client
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsdown.client.config.ts ./
COPY client client
RUN npm run build:client

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json moleculer.config.ts ./
COPY --from=client /app/dist dist
COPY mixins mixins
COPY inspector inspector
COPY services services
# A volume that is mounted here gets its owner.
RUN mkdir /reports && chown node /reports
USER node
EXPOSE 3000
# Without a shell or npm in between, so that SIGTERM reaches the process and streams end in order.
ENTRYPOINT ["node_modules/.bin/moleculer-runner", "--config", "moleculer.config.ts"]
CMD ["--mask", "**/*.service.ts", "services"]
