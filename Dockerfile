# SPDX-License-Identifier: Apache-2.0
# docker build -t underpin/underpin .
# The second stage holds what scripts/image/root.sh puts together, and nothing of the first. Without docker: npm run image
FROM debian:12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates clang-19 make bpftool libbpf-dev libbpf1 npm || \
    apt-get install -y --no-install-recommends ca-certificates clang make bpftool libbpf-dev libbpf1 npm
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN PATH=$PWD/node_modules/.bin:$PATH && tsc -b policies runtime webhook enforcer controller cli && \
    make -s -C bpf CLANG="$(command -v clang-19 || command -v clang)" && \
    scripts/image/root.sh /root-fs /contents.txt

FROM scratch
COPY --from=build /root-fs/ /
ENV PATH=/usr/bin:/usr/sbin HOME=/tmp NODE_ENV=production
# The webhook and the controller; the agent's pod says otherwise.
USER 65532:65532
ENTRYPOINT ["/usr/bin/underpin"]
CMD ["--help"]
