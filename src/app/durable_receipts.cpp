// SPDX-License-Identifier: MIT
#include "app/durable_receipts.h"

#include "delivery/ledger/lines.h"
#include "delivery/ledger/log_reader.h"

#include <fmt/format.h>

#include <chrono>

namespace landfall::app {
namespace {

namespace led = delivery::ledger;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t open_interval_ns = 10 * second_ns;
constexpr std::int64_t commit_interval_ns = second_ns;
/// Of the log's end, that may hold what a store says again after a crash.
constexpr std::uint64_t most_known_entries = 65'536;

} // namespace

receipts::receipts(led::log_config config, delivery::file_system& disk, crypto::signing_key key,
                   control::logger& log)
    : config_(std::move(config)), disk_(disk), key_(std::move(key)), log_(log) {}

void receipts::note(led::entry what) {
    if (waiting_.size() >= most_waiting_entries) {
        ++lost_;
        return;
    }
    waiting_.push_back(std::move(what));
}

void receipts::tell(const led::log_failure& failure, std::string_view doing) {
    ++failures_;
    log_.limited(
        std::chrono::steady_clock::now(), control::log_level::error,
        fmt::format("ledger {}: cannot be {}: {}{}{}; what happens to data is not on "
                    "record until it can",
                    config_.folder, doing, led::name(failure.error),
                    failure.path.empty() ? "" : ": " + failure.path,
                    failure.reason ? fmt::format(": {}", delivery::name(*failure.reason)) : ""));
}

bool receipts::open(std::int64_t now_ns, std::int64_t unix_ns) {
    if (writer_) {
        return true;
    }
    if (now_ns < retry_ns_) {
        return false;
    }
    retry_ns_ = now_ns + open_interval_ns;
    auto opened = led::log_writer::open(config_, disk_, key_, unix_ns);
    if (!opened) {
        tell(opened.error(), "opened");
        return false;
    }
    writer_.emplace(std::move(*opened));
    const led::log_recovery& found = writer_->recovered();
    log_.info(fmt::format("ledger {}: {} entries{}", writer_->origin(), writer_->committed().size,
                          found.torn_files == 0
                              ? ""
                              : fmt::format(", {} files of a commit that was cut short are set "
                                            "aside",
                                            found.torn_files)));
    learn();
    return true;
}

/// What the log's end says of segments.
void receipts::learn() {
    const std::uint64_t size = writer_->committed().size;
    led::log_reader log(disk_, config_.folder, size);
    const std::uint64_t bundles = (size + led::tile_width - 1) / led::tile_width;
    const std::uint64_t most = most_known_entries / led::tile_width;
    for (std::uint64_t i = bundles - std::min(bundles, most); i < bundles; ++i) {
        const auto found = log.entries(i);
        if (!found) {
            continue; // `landfall ledger verify` names it
        }
        for (const base::octets one : found->entries) {
            const auto what = led::parse_entry(led::text_of(one));
            if (what && what->segment) {
                known_.emplace(what->what, *what->segment);
            }
        }
    }
}

/// Each happens to a segment once.
bool receipts::is_repeat(const led::entry& what) {
    if (!what.segment) {
        return false;
    }
    if (known_.contains({what.what, *what.segment})) {
        return true;
    }
    if (what.what == led::event::delivered) {
        known_.emplace(what.what, *what.segment);
    } else if (what.what == led::event::acknowledged || what.what == led::event::dropped) {
        known_.erase({led::event::delivered, *what.segment});
    }
    return false;
}

void receipts::append_waiting() {
    while (!waiting_.empty()) {
        if (is_repeat(waiting_.front())) {
            waiting_.pop_front();
            continue;
        }
        const auto done = writer_->append(waiting_.front());
        if (!done && done.error() == led::log_error::full) {
            return;
        }
        if (!done) {
            ++lost_; // a time before 1970, or the like
        }
        waiting_.pop_front();
    }
    if (!learned_) { // repeats come first
        learned_ = true;
        std::erase_if(known_,
                      [](const known_event& one) { return one.first != led::event::delivered; });
    }
}

bool receipts::commit(std::int64_t now_ns, std::int64_t unix_ns) {
    commit_ns_ = now_ns + commit_interval_ns;
    if (const auto done = writer_->commit(unix_ns); !done) {
        tell(done.error(), "written");
        return false;
    }
    signed_unix_ns_ = unix_ns;
    return true;
}

bool receipts::turn(std::int64_t now_ns, std::int64_t unix_ns, bool at_once) {
    bool all = false;
    if (open(now_ns, unix_ns)) {
        append_waiting();
        if (writer_->pending() > 0 && (at_once || now_ns >= commit_ns_)) {
            static_cast<void>(commit(now_ns, unix_ns));
            append_waiting();
        }
        all = waiting_.empty() && writer_->pending() == 0;
    }
    publish_state();
    return all;
}

std::optional<receipts::signed_head> receipts::head() const {
    if (!writer_ || writer_->note().empty() || writer_->minisign().empty()) {
        return std::nullopt;
    }
    return signed_head{writer_->committed().size, writer_->note(), writer_->minisign()};
}

void receipts::publish_state() {
    const std::lock_guard lock(mutex_);
    state_.open = writer_.has_value();
    state_.waiting = waiting_.size();
    if (writer_) {
        state_.origin = writer_->origin();
        state_.size = writer_->committed().size;
        state_.waiting += writer_->pending();
    }
    state_.lost = lost_;
    state_.failures = failures_;
    state_.signed_unix_ns = signed_unix_ns_;
}

receipts_state receipts::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

} // namespace landfall::app
