// SPDX-License-Identifier: MIT
#include "app/durable_publishing.h"

#include "delivery/ledger/entry.h"
#include "delivery/spool/store.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

namespace pub = delivery::publisher;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds turn_interval{5};

std::string instant_text(const base::timestamp& time) {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    const bool known = time.seconds > 0 && time.seconds < 9'000'000'000;
    return known ? delivery::ledger::instant_text(time.seconds * ns_per_s + time.picoseconds / 1000)
                 : std::string();
}

/// "157/1 157/6"
std::string channels_text(const delivery::segment_summary& summary) {
    std::string text;
    for (const delivery::segment_channel& one : summary.channels) {
        text += fmt::format("{}{}/{}", text.empty() ? "" : " ", one.spacecraft_id, one.vcid);
    }
    return text;
}

} // namespace

publishing::publishing(pub::publisher_config config, std::string gateway,
                       delivery::file_system& files, control::logger& log)
    : gateway_(std::move(gateway)), files_(files), log_(log),
      publisher_(
          std::move(config),
          [this](pub::segment& about, std::vector<std::uint8_t>& content) {
              return load(about, content);
          },
          [this](const pub::segment& about, pub::outcome what) { observe(about, what); }) {}

publishing::~publishing() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
}

base::result<void> publishing::start() {
    if (const auto started = publisher_.start(); !started) {
        return std::unexpected(
            base::failure{"publish: " + started.error(), base::exit_code::bad_configuration});
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    return {};
}

void publishing::offer(publishing_offer what) {
    const std::lock_guard lock(mutex_);
    incoming_.push_back(std::move(what));
}

std::vector<publishing_answer> publishing::take_answers() {
    const std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
}

pub::publisher_numbers publishing::numbers() const {
    const std::lock_guard lock(mutex_);
    return numbers_;
}

void publishing::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        take_offers();
        publisher_.poll(steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
        const pub::publisher_numbers now = publisher_.numbers();
        watch(now);
        {
            const std::lock_guard lock(mutex_);
            numbers_ = now;
        }
        std::this_thread::sleep_for(turn_interval);
    }
}

void publishing::take_offers() {
    std::deque<publishing_offer> taken;
    {
        const std::lock_guard lock(mutex_);
        taken.swap(incoming_);
    }
    while (!taken.empty()) {
        publishing_offer& one = taken.front();
        pub::segment about;
        about.id = one.id;
        about.priority = one.priority;
        about.since = ++offers_; // each tenant offers its own in the order of age
        about.octets = one.octets;
        about.subject = one.subject;
        about.digest = crypto::to_text(one.digest);
        about.gateway = gateway_;
        const auto done = publisher_.offer(std::move(about));
        if (!done && done.error() == pub::refusal::full) {
            const std::lock_guard lock(mutex_);
            incoming_.insert(incoming_.begin(), std::make_move_iterator(taken.begin()),
                             std::make_move_iterator(taken.end()));
            return;
        }
        if (done) {
            all_.insert_or_assign(one.id, offered{std::move(one)});
        } else {
            answer(one.id, publishing_answer::what::unreadable);
        }
        taken.pop_front();
    }
}

bool publishing::load_file(const publishing_offer& from, pub::segment& about,
                           std::vector<std::uint8_t>& content) {
    auto read = files_.read(from.path, delivery::most_segment_octets);
    if (!read || crypto::sha256({*read}) != from.digest) {
        return false;
    }
    const auto summary = delivery::read_summary(*read);
    if (!summary) {
        return false;
    }
    content = *std::move(read);
    about.tenant = summary->tenant;
    about.contact = summary->contact;
    about.carrier = summary->channels.empty() ? "" : summary->channels.front().carrier;
    about.channels = channels_text(*summary);
    about.first = instant_text(summary->first);
    about.last = instant_text(summary->last);
    about.frames = summary->frames;
    return true;
}

bool publishing::load(pub::segment& about, std::vector<std::uint8_t>& content) {
    const auto found = all_.find(about.id);
    if (found == all_.end()) {
        return false;
    }
    offered& one = found->second;
    if (one.what.path.empty()) {
        content.assign(one.what.text.begin(), one.what.text.end());
    } else if (!load_file(one.what, about, content)) {
        return false;
    }
    if (!std::exchange(one.sent, true)) {
        answer(about.id, publishing_answer::what::sent);
    }
    return true;
}

void publishing::observe(const pub::segment& about, pub::outcome what) {
    using became = publishing_answer::what;
    all_.erase(about.id);
    switch (what) {
    case pub::outcome::acknowledged:
    case pub::outcome::duplicate:
        answer(about.id, became::acknowledged);
        break;
    case pub::outcome::too_large:
        log_.limited(steady_clock::now(), control::log_level::error,
                     fmt::format("publish: a segment of {} octets is more than the server's "
                                 "max_payload takes with its headers: lower segment_octets, or "
                                 "raise max_payload",
                                 about.octets));
        answer(about.id, became::too_large);
        break;
    case pub::outcome::unreadable:
        answer(about.id, became::unreadable);
        break;
    }
}

void publishing::answer(std::uint64_t id, publishing_answer::what became) {
    const std::lock_guard lock(mutex_);
    answers_.push_back({id, became});
}

void publishing::watch(const pub::publisher_numbers& now) {
    const bool ready = now.connected && now.stream_ready;
    if (ready != std::exchange(was_ready_, ready)) {
        log_.info(ready ? fmt::format("publish: {} takes what is kept", now.server)
                        : std::string("publish: no server takes what is kept; it waits"));
    }
}

} // namespace landfall::app
