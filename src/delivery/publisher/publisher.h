// SPDX-License-Identifier: MIT
// Publishes sealed segments to a stream of NATS JetStream: one message for each, until the server
// has acknowledged it. The messages' form is in README.md.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace landfall::delivery::publisher {

/// Nanoseconds of a clock that never goes back.
using steady_ns = std::int64_t;
inline constexpr steady_ns ns_per_ms = 1'000'000;

struct publisher_config {
    std::vector<std::string> urls; ///< "nats://10.77.0.7:4222"; one is tried after another
    std::string stream;
    std::vector<std::string> subjects;      ///< of a stream that is made
    bool create_stream = false;             ///< where it does not exist
    int replicas = 1;                       ///< of a stream that is made
    std::int64_t duplicate_window_s = 3600; ///< of a stream that is made
    /// The digest ends each message's subject, and the server takes no second message of a subject:
    /// nothing is doubled also after an outage that is longer than its duplicate window.
    bool subject_per_segment = true;
    std::string credentials_file;    ///< empty: none
    std::string certificate_file;    ///< of authorities; empty: no TLS
    std::size_t most_waiting = 1024; ///< segments that are offered and not acknowledged
    std::size_t most_in_flight = 16;
    std::size_t most_in_flight_octets = std::size_t{32} << 20U;
    std::uint64_t rate_octets_per_s = 0; ///< 0: no cap
    std::int64_t acknowledge_within_ms = 5000;
    std::int64_t least_backoff_ms = 250;
    std::int64_t most_backoff_ms = 15'000;
};

/// A segment as its headers tell it. Texts are printable ASCII.
struct segment {
    std::uint64_t id = 0;   ///< the caller's
    int priority = 0;       ///< the greater goes first
    std::int64_t since = 0; ///< among equals the least goes first
    std::size_t octets = 0; ///< of its content, nearly
    std::string subject;    ///< of the message, but for the digest
    std::string digest;     ///< SHA-256, 64 hexadecimal digits: the message's identity
    std::string gateway;
    std::string tenant;
    std::string contact;
    std::string carrier;
    std::string channels;
    std::string first;
    std::string last;
    std::uint64_t frames = 0;
};

/// What became of a segment. Told once; the publisher then knows nothing of it.
enum class outcome : std::uint8_t {
    acknowledged, ///< the stream has it: it may be deleted
    duplicate,    ///< the stream had it already: likewise
    too_large,    ///< for the server as it is configured
    unreadable,   ///< the loader had no content, or texts that no header takes
};
inline constexpr std::size_t outcome_count = 4;
[[nodiscard]] const char* name(outcome what) noexcept;

/// Why an attempt came to nothing; the segment waits for another.
enum class trouble : std::uint8_t {
    disconnected, ///< the connection was lost meanwhile
    timeout,      ///< no acknowledgement in time
    no_stream,    ///< nothing takes the subject, or the stream does not exist
    refused,      ///< the server would not store it
};
inline constexpr std::size_t trouble_count = 4;
[[nodiscard]] const char* name(trouble what) noexcept;

enum class refusal : std::uint8_t {
    full,      ///< `most_waiting` wait
    known,     ///< this `id` waits already
    character, ///< a text is empty where it must not be, or has a character that it may not have
};
[[nodiscard]] const char* name(refusal what) noexcept;

struct publisher_numbers {
    bool connected = false;
    bool stream_ready = false;
    std::string server; ///< that it is connected to
    std::size_t waiting = 0;
    std::size_t in_flight = 0;
    std::uint64_t connects = 0;
    std::uint64_t published_octets = 0; ///< acknowledged
    std::array<std::uint64_t, outcome_count> outcomes{};
    std::array<std::uint64_t, trouble_count> troubles{};
};

/// One thread's, which `poll` may keep for two seconds while the server does not answer.
class publisher {
  public:
    /// Fills in a segment's content, again for each attempt, and the texts that only the content
    /// tells; not what it is ordered by. False: it is gone.
    using loader = std::function<bool(segment&, std::vector<std::uint8_t>& content)>;
    using observer = std::function<void(const segment&, outcome)>;

    publisher(publisher_config config, loader load, observer observe);
    ~publisher();
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;

    /// Begins to connect, and goes on until it is destroyed. An error is one of the configuration.
    [[nodiscard]] std::expected<void, std::string> start();

    [[nodiscard]] std::expected<void, refusal> offer(segment what);
    /// Forgets a segment, which the spool gave up. One that is in flight may still arrive.
    void withdraw(std::uint64_t id);

    /// Sends what may be sent, tells the observer what became of it. At least each 10 ms.
    void poll(steady_ns now);

    [[nodiscard]] publisher_numbers numbers() const;

  private:
    struct link;
    struct attempt {
        steady_ns until = 0; ///< 0: not in flight
        std::uint64_t number = 0;
    };
    struct waiting {
        segment what;
        attempt now;
    };
    using place = std::tuple<int, std::int64_t, std::uint64_t>; ///< in the order of sending

    static place place_of(const segment& what) noexcept {
        return {-what.priority, what.since, what.id};
    }
    void take_answers(steady_ns now);
    void expire(steady_ns now);
    void make_ready(steady_ns now);
    void send(steady_ns now);
    bool send_one(waiting& one, steady_ns now);
    void finish(std::uint64_t id, outcome what);
    void land(waiting& one);
    void failed(waiting& one, trouble what, steady_ns now);
    void back_off(steady_ns now);

    publisher_config config_;
    loader load_;
    observer observe_;
    std::shared_ptr<link> link_;
    std::map<std::uint64_t, waiting> all_; ///< by id
    std::set<place> ready_;                ///< not in flight
    publisher_numbers numbers_;
    std::size_t in_flight_octets_ = 0;
    std::uint64_t attempts_ = 0;
    steady_ns pause_until_ = 0;
    std::int64_t backoff_ms_ = 0;
    double budget_octets_ = 0;
    steady_ns budget_at_ = 0;
    std::vector<std::uint8_t> content_;
};

/// The library, by name and version.
[[nodiscard]] const char* library_version() noexcept;

} // namespace landfall::delivery::publisher
