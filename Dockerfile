# docker build -t mcp-cashier . && docker run -p 3920:3920 -v cashier:/data -v ./tokens.json:/run/secrets/tokens.json:ro \
#   -e CASHIER_TOKENS_FILE=/run/secrets/tokens.json mcp-cashier
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm pack --ignore-scripts --pack-destination /tmp

FROM node:22-slim
LABEL io.modelcontextprotocol.server.name="io.github.mcp-cashier/mcp-cashier" \
      org.opencontainers.image.title="mcp-cashier" \
      org.opencontainers.image.description="Lets an AI agent collect money: Alipay and WeChat Pay"
# The first start is for what the next ones read: the compiled bundle.
COPY --from=build /tmp/mcp-cashier-*.tgz /tmp/mcp-cashier.tgz
RUN npm install --global --no-audit --no-fund /tmp/mcp-cashier.tgz \
 && CASHIER_HOME=/tmp/first mcp-cashier </dev/null \
 && rm -rf /tmp/mcp-cashier.tgz /tmp/first /root/.npm \
 && mkdir /data && chown node:node /data
USER node
ENV NODE_ENV=production CASHIER_HOME=/data CASHIER_HTTP_HOST=0.0.0.0 CASHIER_HTTP_PORT=3920
VOLUME /data
EXPOSE 3920
# Beyond this machine the service wants tokens: CASHIER_TOKENS_FILE, or tokens.json in /data (mcp-cashier tokens add).
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.CASHIER_HTTP_PORT + '/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node reaps nothing but its own children, of which a server has none; it handles SIGTERM itself.
ENTRYPOINT ["mcp-cashier"]
CMD ["http"]
