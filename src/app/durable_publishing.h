// SPDX-License-Identifier: MIT
// The publisher on a thread of its own: the spool's thread offers what is on disk and is told what
// became of it. It never waits for the network.
#pragma once

#include "base/error.h"
#include "control/log.h"
#include "crypto/sha256.h"
#include "delivery/files/files.h"
#include "delivery/publisher/publisher.h"

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace landfall::app {

/// Something to be published: a file of the spool, or a text.
struct publishing_offer {
    std::uint64_t id = 0; ///< the caller's
    int priority = 0;
    std::string subject;
    crypto::sha256_digest digest{};
    std::size_t octets = 0;
    std::string path; ///< empty: it is the text
    std::string text;
};

struct publishing_answer {
    enum class what : std::uint8_t {
        sent, ///< told once, before the others
        acknowledged,
        too_large,
        unreadable,
    };
    std::uint64_t id = 0;
    what became = what::sent;
};

class publishing {
  public:
    /// `files` and `log` outlive it.
    publishing(delivery::publisher::publisher_config config, std::string gateway,
               delivery::file_system& files, control::logger& log);
    ~publishing();
    publishing(const publishing&) = delete;
    publishing& operator=(const publishing&) = delete;

    [[nodiscard]] base::result<void> start();

    // Any thread's.
    void offer(publishing_offer what);
    [[nodiscard]] std::vector<publishing_answer> take_answers();
    [[nodiscard]] delivery::publisher::publisher_numbers numbers() const;

  private:
    struct offered {
        publishing_offer what;
        bool sent = false;
    };

    void run(const std::stop_token& stop);
    void take_offers();
    [[nodiscard]] bool load(delivery::publisher::segment& about,
                            std::vector<std::uint8_t>& content);
    [[nodiscard]] bool load_file(const publishing_offer& from, delivery::publisher::segment& about,
                                 std::vector<std::uint8_t>& content);
    void observe(const delivery::publisher::segment& about, delivery::publisher::outcome what);
    void answer(std::uint64_t id, publishing_answer::what became);
    void watch(const delivery::publisher::publisher_numbers& now);

    std::string gateway_;
    delivery::file_system& files_;
    control::logger& log_;
    std::map<std::uint64_t, offered> all_; ///< the thread's
    std::int64_t offers_ = 0;
    bool was_ready_ = false;
    delivery::publisher::publisher publisher_;

    mutable std::mutex mutex_; ///< of what follows
    std::deque<publishing_offer> incoming_;
    std::vector<publishing_answer> answers_;
    delivery::publisher::publisher_numbers numbers_;

    std::jthread thread_; ///< goes first
};

} // namespace landfall::app
