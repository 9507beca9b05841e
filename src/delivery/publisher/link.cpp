// SPDX-License-Identifier: MIT
#include "delivery/publisher/link.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace landfall::delivery::publisher {
namespace {

constexpr std::int64_t connect_timeout_ms = 2000;
constexpr std::int64_t request_timeout_ms = 2000;
constexpr std::int64_t write_deadline_ms = 2000;
constexpr std::int64_t ping_interval_ms = 3000; // and two that are not answered: the link is dead
constexpr int most_pings_out = 2;
constexpr std::int64_t ns_per_s = 1'000'000'000;

std::string text_of(natsStatus status) {
    return natsStatus_GetText(status);
}

} // namespace

publisher::link::~link() {
    jsCtx_Destroy(stream);
    natsConnection_Destroy(connection);
    natsOptions_Destroy(options);
}

bool publisher::link::close() {
    if (connection == nullptr) {
        return true;
    }
    natsConnection_Close(connection);
    std::unique_lock lock(mutex);
    return ended.wait_for(lock, std::chrono::seconds(2), [this] { return closed; });
}

bool publisher::link::connected() const {
    return connection != nullptr && natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED;
}

natsStatus publisher::link::set_options(const publisher_config& config) {
    least_backoff_ms = config.least_backoff_ms;
    most_backoff_ms = config.most_backoff_ms;
    std::vector<const char*> urls;
    for (const std::string& url : config.urls) {
        urls.push_back(url.c_str());
    }
    const auto on_connect = [](natsConnection*, void* closure) {
        ++static_cast<link*>(closure)->connects;
    };
    const auto on_close = [](natsConnection*, void* closure) {
        auto* self = static_cast<link*>(closure);
        const std::lock_guard lock(self->mutex);
        self->closed = true;
        self->ended.notify_all();
    };
    // Doubles from one round of the servers to the next.
    const auto delay = [](natsConnection*, int attempts, void* closure) -> std::int64_t {
        const auto* self = static_cast<const link*>(closure);
        const int doublings = std::clamp(attempts - 1, 0, 20);
        return std::min(self->least_backoff_ms << doublings, self->most_backoff_ms);
    };
    natsStatus status = natsOptions_Create(&options);
    const auto then = [&](auto call) { status = status == NATS_OK ? call() : status; };
    then([&] {
        return natsOptions_SetServers(options, urls.data(), static_cast<int>(urls.size()));
    });
    then([&] { return natsOptions_SetNoRandomize(options, true); });
    then([&] { return natsOptions_SetName(options, "landfall"); });
    then([&] { return natsOptions_SetTimeout(options, connect_timeout_ms); });
    then([&] { return natsOptions_SetPingInterval(options, ping_interval_ms); });
    then([&] { return natsOptions_SetMaxPingsOut(options, most_pings_out); });
    then([&] { return natsOptions_SetWriteDeadline(options, write_deadline_ms); });
    then([&] { return natsOptions_SetMaxReconnect(options, -1); });
    then([&] { return natsOptions_SetCustomReconnectDelay(options, delay, this); });
    then([&] { return natsOptions_SetReconnectedCB(options, on_connect, this); });
    then([&] { return natsOptions_SetClosedCB(options, on_close, this); });
    then([&] { return natsOptions_SetRetryOnFailedConnect(options, true, on_connect, this); });
    if (!config.credentials_file.empty()) {
        then([&] {
            return natsOptions_SetUserCredentialsFromFiles(options, config.credentials_file.c_str(),
                                                           nullptr);
        });
    }
    if (!config.certificate_file.empty()) {
        then([&] { return natsOptions_SetSecure(options, true); });
        then([&] {
            return natsOptions_LoadCATrustedCertificates(options, config.certificate_file.c_str());
        });
    }
    return status;
}

std::expected<void, std::string> publisher::link::open(const publisher_config& config) {
    natsStatus status = set_options(config);
    status = status == NATS_OK ? natsConnection_Connect(&connection, options) : status;
    if (status == NATS_OK) {
        ++connects;
    } else if (status != NATS_NOT_YET_CONNECTED) {
        return std::unexpected(text_of(status));
    }
    jsOptions js;
    jsOptions_Init(&js);
    js.Wait = request_timeout_ms;
    js.PublishAsync.MaxPending = static_cast<std::int64_t>(4 * config.most_in_flight);
    js.PublishAsync.AckHandlerClosure = this;
    js.PublishAsync.AckHandler = [](jsCtx*, natsMsg* message, jsPubAck* good, jsPubAckErr* bad,
                                    void* closure) {
        auto* self = static_cast<link*>(closure);
        const char* attempt = nullptr;
        if (natsMsgHeader_Get(message, "Landfall-Attempt", &attempt) == NATS_OK) {
            // The subject has its message already.
            const bool there = bad != nullptr && bad->ErrCode == JSStreamWrongLastSequenceErr;
            const bool timeout = bad != nullptr && bad->Err == NATS_TIMEOUT;
            const bool nobody = bad != nullptr && (bad->Err == NATS_NO_RESPONDERS ||
                                                   bad->ErrCode == JSStreamNotFoundErr);
            const std::lock_guard lock(self->mutex);
            self->answers.push_back({std::strtoull(attempt, nullptr, 10), good != nullptr || there,
                                     there || (good != nullptr && good->Duplicate),
                                     timeout  ? trouble::timeout
                                     : nobody ? trouble::no_stream
                                              : trouble::refused});
        }
        natsMsg_Destroy(message);
    };
    status = natsConnection_JetStream(&stream, connection, &js);
    return status == NATS_OK ? std::expected<void, std::string>()
                             : std::unexpected(text_of(status));
}

bool publisher::link::look_up(const publisher_config& config) const {
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    natsStatus status = js_GetStreamInfo(&info, stream, config.stream.c_str(), nullptr, &code);
    if (status != NATS_OK && code == JSStreamNotFoundErr && config.create_stream) {
        std::vector<const char*> subjects;
        for (const std::string& subject : config.subjects) {
            subjects.push_back(subject.c_str());
        }
        jsStreamConfig made;
        jsStreamConfig_Init(&made);
        made.Name = config.stream.c_str();
        made.Subjects = subjects.data();
        made.SubjectsLen = static_cast<int>(subjects.size());
        made.Replicas = config.replicas;
        made.Duplicates = config.duplicate_window_s * ns_per_s;
        status = js_AddStream(&info, stream, &made, nullptr, &code);
    }
    jsStreamInfo_Destroy(info);
    return status == NATS_OK;
}

} // namespace landfall::delivery::publisher
