// SPDX-License-Identifier: MIT
#include "delivery/publisher/plain_publisher.h"

#include <nats/nats.h>

namespace landfall::delivery::publisher {

constexpr std::int64_t patience_ms = 30'000;

struct plain_publisher::link {
    natsConnection* connection = nullptr;
    jsCtx* stream = nullptr;

    link() = default;
    link(const link&) = delete;
    link& operator=(const link&) = delete;
    ~link() {
        jsCtx_Destroy(stream);
        natsConnection_Destroy(connection);
    }
};

plain_publisher::plain_publisher(const std::string& url, std::size_t most_in_flight)
    : link_(std::make_unique<link>()) {
    jsOptions options;
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = static_cast<std::int64_t>(most_in_flight);
    options.PublishAsync.StallWait = patience_ms;
    if (natsConnection_ConnectTo(&link_->connection, url.c_str()) == NATS_OK) {
        static_cast<void>(natsConnection_JetStream(&link_->stream, link_->connection, &options));
    }
}

plain_publisher::~plain_publisher() = default;

bool plain_publisher::connected() const noexcept {
    return link_->stream != nullptr;
}

bool plain_publisher::publish(const std::string& subject, const std::string& identity,
                              std::span<const std::uint8_t> content) {
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MsgId = identity.c_str();
    return js_PublishAsync(link_->stream, subject.c_str(), content.data(),
                           static_cast<int>(content.size()), &options) == NATS_OK;
}

bool plain_publisher::complete() {
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = patience_ms;
    return js_PublishAsyncComplete(link_->stream, &options) == NATS_OK;
}

} // namespace landfall::delivery::publisher
