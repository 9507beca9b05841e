// SPDX-License-Identifier: MIT
// The durable lane of a running gateway: what carriers' lcores copy into their rings is sealed for
// its tenant, kept on disk, published, and deleted once the datacenter has acknowledged it; what
// happened to it goes into the ledger.
//
//   lcore ▶ durable_intake ▶ ring ▶ this thread: segments ▶ stores ▶ publishing's thread ▶ stream
//                                                   └ receipts ◀──────┘
#pragma once

#include "app/durable_intake.h"
#include "app/durable_publishing.h"
#include "app/durable_receipts.h"
#include "base/error.h"
#include "config/gateway.h"
#include "control/log.h"
#include "control/snapshot.h"
#include "crypto/keys.h"
#include "delivery/spool/store.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace landfall::app {

/// Where it keeps what it keeps.
struct durable_folders {
    std::filesystem::path spool;
    std::filesystem::path ledger;
};
/// As the configuration says, or in the state directory.
[[nodiscard]] durable_folders folders_of(const config::gateway& settings,
                                         const std::filesystem::path& state);

struct durable_config {
    config::gateway settings;
    std::vector<std::vector<crypto::public_key>> recipients; ///< by tenant
    crypto::private_key ledger_key;
    durable_folders folders;
};

class durable_lane {
  public:
    /// Takes the folders for this process, finds out what is there. `log` outlives it.
    [[nodiscard]] static base::result<std::unique_ptr<durable_lane>> open(durable_config config,
                                                                          control::logger& log);
    ~durable_lane();
    durable_lane(const durable_lane&) = delete;
    durable_lane& operator=(const durable_lane&) = delete;

    /// Of a carrier, for its lcore: null where it has no durable route.
    [[nodiscard]] durable_intake* intake(std::size_t carrier) const noexcept {
        return sources_[carrier].intake.get();
    }

    /// When the lcores have ended: what is in the rings, and open segments, become durable. False
    /// where that took longer than `patience_s`. Calls `meanwhile` again and again.
    bool finish(double patience_s, const std::function<void()>& meanwhile);

    /// Anyone's.
    void add_to(control::snapshot& now) const;

  private:
    /// The segments of a tenant from one carrier.
    struct open_segment {
        std::size_t tenant = 0;
        std::size_t carrier = 0;
        delivery::segment_builder builder;
    };
    /// A carrier, and the contact that its frames are of.
    struct source {
        std::unique_ptr<durable_intake> intake;
        std::vector<std::size_t> segments; ///< by the intake's routes: of `segments_`
        /// Likewise: what the ledger knows.
        std::vector<std::array<std::uint64_t, intake_drop_count>> told_drops;
        std::string contact;
        std::int64_t last_ns = 0;
    };
    /// What is not to be offered again at once.
    struct held_segment {
        std::uint64_t sequence = 0;
        std::int64_t until_ns = 0;
    };
    struct tenant {
        std::unique_ptr<delivery::segment_store> store;
        std::string folder;
        std::string subject;
        int priority = 0;
        std::size_t offered = 0; ///< to the publisher, not yet answered
        std::vector<held_segment> held;
        std::vector<std::uint64_t> acknowledged; ///< to be removed
        std::int64_t poll_ns = 0;
    };

    durable_lane(durable_config config, control::logger& log);
    base::result<void> start();
    base::result<void> open_stores();
    void make_sources();
    base::result<void> start_publishing();

    void run();
    void turn(bool finishing);
    [[nodiscard]] bool all_written() const;

    [[nodiscard]] bool take_records();
    void take(source& from, const durable_intake::taken& one);
    void begin_contact(source& from, const delivery::record& first);
    void close(open_segment& one);
    void close_due(bool all);
    void take_answers();
    void take_answer(const publishing_answer& one);
    void poll_stores();
    void take_events(std::size_t at);
    void offer();
    void offer_checkpoint();
    void tell_drops();
    void write_ledger(bool at_once);

    [[nodiscard]] delivery::ledger::entry entry_of(delivery::ledger::event what,
                                                   std::size_t tenant) const;

    durable_config config_;
    control::logger& log_;
    std::unique_ptr<delivery::file_system> files_;
    std::unique_ptr<delivery::file_system> ledger_files_; ///< what others may read
    std::vector<tenant> tenants_;                         ///< in the settings' order
    std::vector<source> sources_;                         ///< by carrier
    std::vector<open_segment> segments_;
    std::unique_ptr<receipts> receipts_;
    std::unique_ptr<publishing> publishing_; ///< none: nothing is published
    std::int64_t now_ns_ = 0;
    std::int64_t unix_ns_ = 0;
    std::uint64_t checkpoint_size_ = 0; ///< of the checkpoint offered last
    std::uint64_t checkpoints_ = 0;     ///< offered so far, two files each
    unsigned checkpoint_files_ = 0;     ///< not yet acknowledged
    std::int64_t checkpoint_ns_ = 0;
    std::atomic<std::uint64_t> checkpoints_published_{0};
    std::atomic<bool> finishing_{false};
    std::atomic<bool> finished_{false};
    std::jthread thread_; ///< goes first
};

} // namespace landfall::app
