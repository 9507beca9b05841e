// SPDX-License-Identifier: MIT
// The ledger as the durable lane keeps it: a log that cannot be opened or written now is tried
// again, what is to be noted waits meanwhile, and what was noted before a crash is not noted twice.
#pragma once

#include "control/log.h"
#include "crypto/ed25519.h"
#include "delivery/ledger/log_writer.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace landfall::app {

inline constexpr std::size_t most_waiting_entries = 65'536;

/// What others see of it.
struct receipts_state {
    bool open = false;
    std::string origin;
    std::uint64_t size = 0;          ///< entries that are durable and signed
    std::uint64_t waiting = 0;       ///< entries that are not yet
    std::uint64_t lost = 0;          ///< entries for which there was no room
    std::uint64_t failures = 0;      ///< of opening and of commits
    std::int64_t signed_unix_ns = 0; ///< the newest checkpoint of this process; 0: none
};

/// One thread's, but for `state`.
class receipts {
  public:
    receipts(delivery::ledger::log_config config, delivery::file_system& disk,
             crypto::signing_key key, control::logger& log);

    /// Never fails: what finds no room is counted.
    void note(delivery::ledger::entry what);
    /// Opens, appends, and commits what has waited for a second, or all `at_once`. True when
    /// nothing that was noted waits any more.
    bool turn(std::int64_t now_ns, std::int64_t unix_ns, bool at_once);

    /// The newest checkpoint that is durable, and its minisign file; none while it is not open.
    struct signed_head {
        std::uint64_t size = 0;
        const std::string& note;
        const std::string& minisign;
    };
    [[nodiscard]] std::optional<signed_head> head() const;

    [[nodiscard]] receipts_state state() const;

  private:
    using known_event = std::pair<delivery::ledger::event, delivery::ledger::digest>;

    [[nodiscard]] bool open(std::int64_t now_ns, std::int64_t unix_ns);
    void learn();
    void append_waiting();
    [[nodiscard]] bool is_repeat(const delivery::ledger::entry& what);
    [[nodiscard]] bool commit(std::int64_t now_ns, std::int64_t unix_ns);
    void tell(const delivery::ledger::log_failure& failure, std::string_view doing);
    void publish_state();

    delivery::ledger::log_config config_;
    delivery::file_system& disk_;
    crypto::signing_key key_;
    control::logger& log_;
    std::optional<delivery::ledger::log_writer> writer_;
    std::deque<delivery::ledger::entry> waiting_;
    std::set<known_event> known_; ///< those in the log's end, and what was sent and is still there
    bool learned_ = false;
    std::int64_t retry_ns_ = 0;
    std::int64_t commit_ns_ = 0; ///< no sooner
    std::uint64_t lost_ = 0;
    std::uint64_t failures_ = 0;
    std::int64_t signed_unix_ns_ = 0;
    mutable std::mutex mutex_; ///< of `state_`
    receipts_state state_;
};

} // namespace landfall::app
