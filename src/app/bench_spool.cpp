// SPDX-License-Identifier: MIT
#include "app/bench_spool.h"

#include "app/bench_environment.h"
#include "crypto/start.h"
#include "delivery/spool/store.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

namespace landfall::app {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t frame_octets = 1024;
constexpr std::size_t block_octets = 768 << 10U;
constexpr std::size_t round_octets = std::size_t{48} << 20U;
constexpr std::size_t most_queued = 2 * delivery::most_group_segments;

double elapsed(clock::time_point since) {
    return std::chrono::duration<double>(clock::now() - since).count();
}

std::int64_t now_ns() {
    return clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

struct folder {
    folder() : path(temporary_file().path()) { std::filesystem::create_directories(path); }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    std::string path;
};

/// Between the thread that seals and the one that writes, as in a gateway.
class segment_queue {
  public:
    void push(delivery::sealed_segment segment) {
        std::unique_lock hold(lock_);
        changed_.wait(hold, [this] { return queue_.size() < most_queued; });
        queue_.push_back(std::move(segment));
        changed_.notify_all();
    }
    void end() {
        const std::scoped_lock hold(lock_);
        ended_ = true;
        changed_.notify_all();
    }
    /// All that there is, a group at most; empty at the end.
    std::vector<delivery::sealed_segment> pop() {
        std::unique_lock hold(lock_);
        changed_.wait(hold, [this] { return !queue_.empty() || ended_; });
        const std::size_t count = std::min(queue_.size(), delivery::most_group_segments);
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
        std::vector<delivery::sealed_segment> taken(std::make_move_iterator(queue_.begin()),
                                                    std::make_move_iterator(end));
        queue_.erase(queue_.begin(), end);
        changed_.notify_all();
        return taken;
    }

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    std::vector<delivery::sealed_segment> queue_;
    bool ended_ = false;
};

void seal(delivery::segment_builder& builder, segment_queue& queue) {
    std::vector<std::uint8_t> octets(frame_octets, 0x5A);
    delivery::record one;
    one.octets = octets;
    for (std::size_t sent = 0; sent < round_octets; sent += frame_octets) {
        ++one.sequence;
        if (builder.add(one, now_ns()) == delivery::add_result::full) {
            queue.push(builder.close());
            static_cast<void>(builder.add(one, now_ns()));
        }
    }
    queue.push(builder.close());
    queue.end();
}

/// Seconds for a round; none where something failed.
std::optional<double> sealed_round(delivery::file_system& files, const std::string& path) {
    const auto store = delivery::segment_store::open(files, path, {.reserve_octets = 0}, now_ns());
    if (!store) {
        return std::nullopt;
    }
    delivery::segment_config config;
    config.gateway = config.tenant = "bench";
    config.carriers = {"bench"};
    config.recipients = {crypto::public_of(crypto::generate_private_key(crypto::fill_random))};
    config.most_octets = block_octets;
    delivery::segment_builder builder(config, crypto::fill_random);
    segment_queue queue;
    const auto begun = clock::now();
    const std::jthread sealing([&] { seal(builder, queue); });
    for (auto group = queue.pop(); !group.empty(); group = queue.pop()) {
        for (delivery::sealed_segment& one : group) {
            (*store)->put(std::move(one));
        }
        (*store)->poll(now_ns());
    }
    const double took = elapsed(begun);
    const bool all = (*store)->numbers().durable_frames.value() == round_octets / frame_octets;
    return all ? std::optional(took) : std::nullopt;
}

std::optional<double> plain_round(delivery::file_system& files, const std::string& path) {
    const std::vector<std::uint8_t> block(block_octets, 0x5A);
    const auto created = files.create(path);
    if (!created) {
        return std::nullopt;
    }
    const delivery::open_file file(files, *created);
    const auto begun = clock::now();
    for (std::size_t sent = 0; sent < round_octets; sent += block_octets) {
        if (!files.write(*created, block) || !files.sync(*created)) {
            return std::nullopt;
        }
    }
    return elapsed(begun);
}

double median(std::vector<double>& seconds) {
    std::ranges::sort(seconds);
    return seconds[seconds.size() / 2];
}

} // namespace

base::result<spool_rates> measure_spool(double seconds) {
    if (!crypto::start()) {
        return std::unexpected(base::failure{"libsodium cannot start"});
    }
    const auto files = delivery::system_files();
    std::vector<double> sealed;
    std::vector<double> plain;
    for (const auto begun = clock::now(); plain.size() < 3 || elapsed(begun) < seconds;) {
        const folder at;
        const auto one = sealed_round(*files, at.path + "/spool");
        const auto other = plain_round(*files, at.path + "/plain");
        if (!one || !other) {
            return std::unexpected(base::failure{at.path + ": cannot be written"});
        }
        sealed.push_back(*one);
        plain.push_back(*other);
    }
    constexpr double octets = round_octets;
    return spool_rates{octets / median(sealed), octets / median(plain)};
}

} // namespace landfall::app
