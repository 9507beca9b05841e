// SPDX-License-Identifier: MIT
// Fills a tenant's spool with numbered frames until it is killed or told to end, and says on
// standard output, as it happens, what is durable and what was removed.
//
//   spool-writer FOLDER RECIPIENT FIRST_NUMBER MOST_OCTETS RESERVE_OCTETS POLICY PUBLISH_EVERY
//
//   durable SEQUENCE DIGEST FIRST COUNT    frames FIRST to FIRST + COUNT - 1; COUNT 0: of before
//   published SEQUENCE DIGEST              about to be acknowledged
//   removed SEQUENCE DIGEST REASON
//   total FRAMES DURABLE REMOVED WAITING TORN FAILURES     segments; at an orderly end
#include "crypto/age_keys.h"
#include "crypto/start.h"
#include "delivery/spool/store.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>

using namespace landfall;
using namespace landfall::delivery;

namespace {

constexpr std::size_t frame_octets = 1000;
constexpr int frames_at_once = 40;

volatile std::sig_atomic_t ended = 0;

/// In one piece, at once: what was said was said.
void say(const std::string& line) {
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        _exit(3);
    }
}

std::int64_t now_ns() {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

struct range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
};

class writer {
  public:
    writer(segment_store& store, const segment_config& config, std::uint64_t first,
           std::uint64_t publish_every)
        : store_(store), builder_(config, crypto::fill_random), next_(first), begun_(first),
          publish_every_(publish_every) {}

    void step() {
        for (int i = 0; i < frames_at_once; ++i) {
            add_frame();
        }
        if (const auto due = builder_.due_ns(); due && *due <= now_ns()) {
            close();
        }
        store_.poll(now_ns());
        tell();
        publish();
    }
    void finish() {
        if (!builder_.empty()) {
            close();
        }
        store_.poll(now_ns());
        tell();
        const store_numbers& numbers = store_.numbers();
        std::uint64_t failures = 0;
        for (const auto& one : numbers.failures) {
            failures += one.value();
        }
        say("total " + std::to_string(next_ - begun_) + " " + std::to_string(durable_) + " " +
            std::to_string(removed_) + " " + std::to_string(numbers.waiting.value()) + " " +
            std::to_string(numbers.torn.value()) + " " + std::to_string(failures) + "\n");
    }

  private:
    void add_frame() {
        std::uint8_t octets[frame_octets];
        for (std::size_t i = 0; i < frame_octets; ++i) {
            octets[i] = static_cast<std::uint8_t>(i < 8 ? next_ >> 8U * i : next_ + i);
        }
        record one;
        one.octets = octets;
        one.vcid = static_cast<std::uint8_t>(next_ % 4);
        one.sequence = next_;
        one.receive_time = {static_cast<std::int64_t>(1'700'000'000 + next_ / 1000),
                            static_cast<std::int64_t>(next_ % 1000) * 1'000'000'000};
        if (builder_.add(one, now_ns()) == add_result::full) {
            close();
            static_cast<void>(builder_.add(one, now_ns()));
        }
        ++next_;
    }
    void close() {
        sealed_segment made = builder_.close();
        const std::uint64_t first = closed_ == 0 ? begun_ : closed_;
        closed_ = first + made.summary.frames;
        ranges_[crypto::to_text(made.digest)] = {first, made.summary.frames};
        store_.put(std::move(made));
    }
    void tell() {
        for (const spool_event& event : store_.take_events()) {
            const std::string digest = crypto::to_text(event.segment.digest);
            const std::string which = std::to_string(event.segment.sequence) + " " + digest;
            if (event.removed) {
                ++removed_;
                say("removed " + which + " " + name(*event.removed) + "\n");
            } else {
                ++durable_;
                const range of = ranges_[digest];
                say("durable " + which + " " + std::to_string(of.first) + " " +
                    std::to_string(of.count) + "\n");
            }
        }
        store_.recorded();
    }
    void publish() {
        if (publish_every_ == 0 || ++turns_ % publish_every_ != 0) {
            return;
        }
        const auto next = store_.take();
        if (next && store_.content(next->sequence)) {
            say("published " + std::to_string(next->sequence) + " " +
                crypto::to_text(next->digest) + "\n");
            store_.acknowledge({&next->sequence, 1});
        }
    }

    segment_store& store_;
    segment_builder builder_;
    std::uint64_t next_;
    std::uint64_t begun_;
    std::uint64_t closed_ = 0;
    std::uint64_t publish_every_;
    std::uint64_t turns_ = 0;
    std::uint64_t durable_ = 0;
    std::uint64_t removed_ = 0;
    std::map<std::string, range> ranges_;
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 8 || !crypto::start()) {
        return 2;
    }
    std::signal(SIGTERM, [](int) { ended = 1; });
    const auto recipient = crypto::parse_age_recipient(argv[2]);
    if (!recipient) {
        return 2;
    }
    store_limits limits;
    limits.most_octets = std::strtoull(argv[4], nullptr, 10);
    limits.reserve_octets = std::strtoull(argv[5], nullptr, 10);
    for (std::size_t i = 0; i < full_policy_count; ++i) {
        const auto policy = static_cast<full_policy>(i);
        limits.when_full = std::strcmp(argv[6], name(policy)) == 0 ? policy : limits.when_full;
    }
    const auto files = system_files();
    const auto store = segment_store::open(*files, argv[1], limits, now_ns());
    if (!store) {
        std::fprintf(stderr, "%s\n", store.error().message.c_str());
        return store.error().code;
    }
    segment_config config;
    config.gateway = "crash";
    config.tenant = "acme";
    config.carriers = {"noaa20"};
    config.recipients = {*recipient};
    config.most_octets = 150'000;
    config.most_age_ns = 20'000'000;
    writer writes(**store, config, std::strtoull(argv[3], nullptr, 10),
                  std::strtoull(argv[7], nullptr, 10));
    while (ended == 0) {
        writes.step();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    writes.finish();
    return 0;
}
