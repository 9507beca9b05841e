// SPDX-License-Identifier: MIT
// Whether a peer answers handshakes: told once of each outage, and when it is over.
#pragma once

#include <cstdint>

namespace landfall::app {

class peer_watch {
  public:
    /// Three attempts, 5 s apart (WireGuard paper, 6.1), without an answer.
    static constexpr std::int64_t silent_after_ns = 15'000'000'000;

    enum class event : std::uint8_t { none, first, silent, returned };

    /// The peer's counters of handshakes, which do not fall, at a monotonic instant. `first`: the
    /// first session; `silent`: for `silent_after_ns` now; `returned`: after `outage_ns`.
    event see(std::uint64_t started, std::uint64_t completed, std::int64_t now_ns) noexcept {
        const std::uint64_t before = completed_;
        const bool asked = started != started_;
        started_ = started;
        completed_ = completed;
        if (completed != before) {
            const bool told = told_;
            outage_ns_ = now_ns - since_ns_;
            waits_ = told_ = false;
            return told ? event::returned : before == 0 ? event::first : event::none;
        }
        if (asked && !waits_) {
            waits_ = true;
            since_ns_ = now_ns;
        }
        if (!waits_ || told_ || now_ns - since_ns_ < silent_after_ns) {
            return event::none;
        }
        told_ = true;
        return event::silent;
    }

    /// Nobody asks it any more, as when it was removed.
    void forget() noexcept { waits_ = told_ = false; }

    /// For how long it has been silent; 0: it answers, or has not been asked for long.
    [[nodiscard]] std::int64_t silent_ns(std::int64_t now_ns) const noexcept {
        return told_ ? now_ns - since_ns_ : 0;
    }
    /// Of the last outage that was over.
    [[nodiscard]] std::int64_t outage_ns() const noexcept { return outage_ns_; }

  private:
    std::uint64_t started_ = 0;
    std::uint64_t completed_ = 0;
    bool waits_ = false; ///< for an answer, since `since_ns_`
    bool told_ = false;
    std::int64_t since_ns_ = 0;
    std::int64_t outage_ns_ = 0;
};

} // namespace landfall::app
