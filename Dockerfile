# Every RUN line here is also run by .ci/run, on the same files.

FROM node:22.23.2-bookworm AS assets
WORKDIR /src
COPY Makefile ./
COPY scripts scripts
COPY handlers/assets handlers/assets
COPY handlers/templates handlers/templates
RUN make assets

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=assets /src/handlers/static handlers/static
RUN make build

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/bin/portal /portal
USER 65532:65532
ENV PORTAL_ADDR=:8080
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=15s CMD ["/portal", "health"]
ENTRYPOINT ["/portal"]
CMD ["web"]
