// SPDX-License-Identifier: MIT
#include "delivery/publisher/publisher.h"

#include "delivery/publisher/link.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace landfall::delivery::publisher {
namespace {

constexpr double ns_per_s = 1e9;

bool printable(const std::string& text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

/// Of a subject to publish to: tokens without blanks and wildcards.
bool is_subject(const std::string& text) {
    return !text.empty() && printable(text) && text.find_first_of(" *>") == std::string::npos &&
           text.front() != '.' && text.back() != '.' && text.find("..") == std::string::npos;
}

bool is_printable(const segment& what) {
    return std::ranges::all_of(std::array{&what.digest, &what.gateway, &what.tenant, &what.contact,
                                          &what.carrier, &what.channels, &what.first, &what.last},
                               [](const std::string* text) { return printable(*text); });
}

/// A message that goes when it is not handed on.
struct message {
    natsMsg* it = nullptr;

    message() = default;
    message(const message&) = delete;
    message& operator=(const message&) = delete;
    ~message() { natsMsg_Destroy(it); }
};

bool fill(message& made, const segment& what, const std::string& subject, std::uint64_t attempt,
          const std::vector<std::uint8_t>& content) {
    const std::string frames = std::to_string(what.frames);
    const std::string number = std::to_string(attempt);
    if (natsMsg_Create(&made.it, subject.c_str(), nullptr,
                       reinterpret_cast<const char*>(content.data()),
                       static_cast<int>(content.size())) != NATS_OK) {
        return false;
    }
    bool good = true;
    for (const auto& [header, value] : {std::pair{"Nats-Msg-Id", &what.digest},
                                        {"Landfall-Digest", &what.digest},
                                        {"Landfall-Gateway", &what.gateway},
                                        {"Landfall-Tenant", &what.tenant},
                                        {"Landfall-Contact", &what.contact},
                                        {"Landfall-Carrier", &what.carrier},
                                        {"Landfall-Channels", &what.channels},
                                        {"Landfall-First", &what.first},
                                        {"Landfall-Last", &what.last},
                                        {"Landfall-Frames", &frames},
                                        {"Landfall-Attempt", &number}}) {
        good = good &&
               (value->empty() || natsMsgHeader_Set(made.it, header, value->c_str()) == NATS_OK);
    }
    return good;
}

} // namespace

const char* name(outcome what) noexcept {
    switch (what) {
    case outcome::acknowledged:
        return "acknowledged";
    case outcome::duplicate:
        return "duplicate";
    case outcome::too_large:
        return "too_large";
    case outcome::unreadable:
        return "unreadable";
    }
    return nullptr;
}

const char* name(trouble what) noexcept {
    switch (what) {
    case trouble::disconnected:
        return "disconnected";
    case trouble::timeout:
        return "timeout";
    case trouble::no_stream:
        return "no_stream";
    case trouble::refused:
        return "refused";
    }
    return nullptr;
}

const char* name(refusal what) noexcept {
    switch (what) {
    case refusal::full:
        return "full";
    case refusal::known:
        return "known";
    case refusal::character:
        return "character";
    }
    return nullptr;
}

const char* library_version() noexcept {
    return "cnats " NATS_VERSION_STRING;
}

publisher::publisher(publisher_config config, loader load, observer observe)
    : config_(std::move(config)), load_(std::move(load)), observe_(std::move(observe)),
      link_(std::make_shared<link>()), backoff_ms_(config_.least_backoff_ms) {
    assert(!config_.urls.empty() && config_.most_in_flight > 0 && config_.least_backoff_ms > 0);
}

publisher::~publisher() {
    if (!link_->close()) {
        // The library may still call: what it calls stays, once and for all.
        static_cast<void>(new std::shared_ptr<link>(link_));
    }
}

std::expected<void, std::string> publisher::start() {
    return link_->open(config_);
}

std::expected<void, refusal> publisher::offer(segment what) {
    if (!is_subject(what.subject) || !is_subject(what.digest) || !is_printable(what)) {
        return std::unexpected(refusal::character);
    }
    if (all_.contains(what.id)) {
        return std::unexpected(refusal::known);
    }
    if (all_.size() >= config_.most_waiting) {
        return std::unexpected(refusal::full);
    }
    ready_.insert(place_of(what));
    const std::uint64_t id = what.id;
    all_.emplace(id, waiting{std::move(what), {}});
    return {};
}

void publisher::withdraw(std::uint64_t id) {
    const auto found = all_.find(id);
    if (found != all_.end()) {
        land(found->second);
        ready_.erase(place_of(found->second.what));
        all_.erase(found);
    }
}

/// It is not in flight any more.
void publisher::land(waiting& one) {
    if (one.now.until != 0) {
        one.now = {};
        --numbers_.in_flight;
        in_flight_octets_ -= one.what.octets;
        ready_.insert(place_of(one.what));
    }
}

void publisher::finish(std::uint64_t id, outcome what) {
    const auto found = all_.find(id);
    const segment done = found->second.what;
    withdraw(id);
    ++numbers_.outcomes[static_cast<std::size_t>(what)];
    observe_(done, what);
}

void publisher::back_off(steady_ns now) {
    pause_until_ = std::max(pause_until_, now + backoff_ms_ * ns_per_ms);
    backoff_ms_ = std::min(2 * backoff_ms_, config_.most_backoff_ms);
}

void publisher::failed(waiting& one, trouble what, steady_ns now) {
    land(one);
    ++numbers_.troubles[static_cast<std::size_t>(what)];
    if (now >= pause_until_) { // one step back for all that failed together
        back_off(now);
    }
    numbers_.stream_ready = numbers_.stream_ready && what != trouble::no_stream;
}

void publisher::take_answers(steady_ns now) {
    std::vector<answer> answers;
    {
        const std::lock_guard lock(link_->mutex);
        answers.swap(link_->answers);
    }
    for (const answer& each : answers) {
        const auto found = std::ranges::find_if(all_, [&](const auto& one) {
            return one.second.now.until != 0 && one.second.now.number == each.attempt;
        });
        if (found == all_.end()) {
            continue; // of an attempt that was given up, or of a segment that was
        }
        if (!each.good) {
            failed(found->second, each.why, now);
            continue;
        }
        backoff_ms_ = config_.least_backoff_ms;
        numbers_.published_octets += found->second.what.octets;
        finish(found->first, each.duplicate ? outcome::duplicate : outcome::acknowledged);
    }
}

void publisher::expire(steady_ns now) {
    if (numbers_.in_flight == 0) {
        return;
    }
    for (auto& [id, one] : all_) {
        if (one.now.until != 0 && (!numbers_.connected || now >= one.now.until)) {
            failed(one, numbers_.connected ? trouble::timeout : trouble::disconnected, now);
        }
    }
}

void publisher::make_ready(steady_ns now) {
    const std::uint64_t connects = link_->connects;
    if (connects != link_->checked) { // another server, perhaps, and without what was in flight
        link_->checked = connects;
        numbers_.stream_ready = false;
        pause_until_ = 0;
        backoff_ms_ = config_.least_backoff_ms;
        for (auto& [id, one] : all_) {
            if (one.now.until != 0) {
                failed(one, trouble::disconnected, now);
            }
        }
        pause_until_ = 0;
    }
    if (!numbers_.stream_ready && now >= pause_until_) {
        numbers_.stream_ready = link_->look_up(config_);
        if (!numbers_.stream_ready) {
            ++numbers_.troubles[static_cast<std::size_t>(trouble::no_stream)];
            back_off(now);
        }
    }
}

bool publisher::send_one(waiting& one, steady_ns now) {
    content_.clear();
    if (!load_(one.what, content_) || !is_printable(one.what)) {
        finish(one.what.id, outcome::unreadable);
        return true;
    }
    constexpr std::size_t room_for_headers = 4096;
    const std::int64_t most = natsConnection_GetMaxPayload(link_->connection);
    if (content_.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        (most > 0 && content_.size() + room_for_headers > static_cast<std::size_t>(most))) {
        finish(one.what.id, outcome::too_large);
        return true;
    }
    one.what.octets = content_.size();
    message made;
    jsPubOptions options;
    jsPubOptions_Init(&options);
    options.MaxWait = config_.acknowledge_within_ms;
    options.ExpectStream = config_.stream.c_str();
    options.ExpectNoMessage = config_.subject_per_segment;
    std::string subject = one.what.subject;
    if (config_.subject_per_segment) {
        subject += '.';
        subject += one.what.digest;
    }
    const std::uint64_t number = ++attempts_;
    if (!fill(made, one.what, subject, number, content_) ||
        js_PublishMsgAsync(link_->stream, &made.it, &options) != NATS_OK) {
        failed(one, trouble::disconnected, now);
        return false;
    }
    // The library says when the time is over; where it does not, twice that.
    one.now = {now + 2 * config_.acknowledge_within_ms * ns_per_ms, number};
    ready_.erase(place_of(one.what));
    ++numbers_.in_flight;
    in_flight_octets_ += one.what.octets;
    budget_octets_ -= static_cast<double>(one.what.octets);
    return true;
}

void publisher::send(steady_ns now) {
    const auto rate = static_cast<double>(config_.rate_octets_per_s);
    // A quarter of a second may be saved up; one segment may be borrowed.
    budget_octets_ = std::min(
        budget_octets_ + rate * static_cast<double>(now - budget_at_) / ns_per_s, rate / 4);
    budget_at_ = now;
    while (!ready_.empty() && now >= pause_until_ && numbers_.in_flight < config_.most_in_flight &&
           (rate == 0 || budget_octets_ > 0)) {
        waiting& next = all_.at(std::get<2>(*ready_.begin()));
        const bool fits = numbers_.in_flight == 0 ||
                          in_flight_octets_ + next.what.octets <= config_.most_in_flight_octets;
        if (!fits || !send_one(next, now)) {
            return;
        }
    }
}

void publisher::poll(steady_ns now) {
    numbers_.connected = link_->connected();
    take_answers(now);
    if (numbers_.connected) {
        make_ready(now);
    }
    expire(now);
    if (numbers_.connected && numbers_.stream_ready) {
        send(now);
    }
}

publisher_numbers publisher::numbers() const {
    publisher_numbers now = numbers_;
    now.waiting = all_.size();
    now.connects = link_->connects;
    std::array<char, 256> url{};
    if (link_->connected() &&
        natsConnection_GetConnectedUrl(link_->connection, url.data(), url.size()) == NATS_OK) {
        now.server = url.data();
    }
    return now;
}

} // namespace landfall::delivery::publisher
