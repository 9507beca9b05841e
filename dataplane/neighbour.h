// SPDX-License-Identifier: MIT
// Link addresses of next hops: asked for, kept fresh, given up. Of IPv4 and IPv6 alike.
#pragma once

#include "base/function_ref.h"
#include "dataplane/frame.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace landfall::dataplane {

inline constexpr std::size_t max_neighbours = 64;
inline constexpr time_ns query_interval_ns = second_ns;
inline constexpr unsigned resolve_tries = 3; ///< then the neighbour has failed
inline constexpr unsigned unicast_tries = 2; ///< of a refresh; the later ones ask everyone
inline constexpr unsigned refresh_tries = 5; ///< then it is resolved anew
inline constexpr time_ns refresh_after_ns = 45 * second_ns; ///< if used since
inline constexpr time_ns failed_hold_ns = 5 * second_ns;    ///< before it is asked again
inline constexpr time_ns hint_interval_ns = second_ns;

enum class neighbour_state : std::uint8_t {
    unused,
    incomplete, ///< asked, no answer yet
    reachable,
    refreshing, ///< asked again; its link address is used meanwhile
    failed,     ///< does not answer
};

struct neighbour {
    base::ip_address address;
    mac_address mac;
    neighbour_state state = neighbour_state::unused;
    bool pinned = false;   ///< a gateway: kept fresh whether used or not
    unsigned tries = 0;    ///< queries sent in this state
    time_ns due = 0;       ///< when the next thing happens
    time_ns confirmed = 0; ///< last answer
    time_ns used = 0;

    [[nodiscard]] bool usable() const noexcept {
        return state == neighbour_state::reachable || state == neighbour_state::refreshing;
    }
};

/// A question to be sent: to `unicast`, or to everyone.
struct neighbour_query {
    base::ip_address address;
    std::optional<mac_address> unicast;
};

/// Entries come into being only by `want` and `pin`, never by what is received, so that nobody can
/// fill the table from outside; and only an answer to an open question sets a link address.
class neighbour_table {
  public:
    explicit neighbour_table(std::size_t capacity = max_neighbours) : entries_(capacity) {}

    /// The entry of a next hop, new if need be; nothing when all entries are being resolved. A new
    /// one takes the place of the one used longest ago.
    [[nodiscard]] std::optional<std::size_t> want(const base::ip_address& address,
                                                  time_ns now) noexcept;
    void pin(const base::ip_address& address, time_ns now) noexcept;

    /// An answer. Nothing when it was not asked for; else the entry, now reachable.
    [[nodiscard]] std::optional<std::size_t> confirm(const base::ip_address& address,
                                                     const mac_address& mac, time_ns now) noexcept;
    /// Someone says to have this address, unasked. When it is news about an entry, that is asked
    /// again, of everyone; the answer decides.
    void hint(const base::ip_address& address, const mac_address& mac, time_ns now) noexcept;

    /// Sends what is due and gives up what has failed. Cheap when nothing is due.
    void tick(time_ns now, base::function_ref<void(const neighbour_query&)> query,
              base::function_ref<void(std::size_t)> failed) noexcept;

    [[nodiscard]] const neighbour& operator[](std::size_t index) const noexcept {
        return entries_[index];
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t count(neighbour_state state) const noexcept;

  private:
    [[nodiscard]] neighbour* find(const base::ip_address& address) noexcept;
    [[nodiscard]] neighbour* free_entry() noexcept;
    void enter(neighbour& entry, neighbour_state state, time_ns due) noexcept;
    /// Whether the entry still asks.
    bool ask(neighbour& entry, time_ns now,
             base::function_ref<void(const neighbour_query&)> query) noexcept;

    std::vector<neighbour> entries_;
    time_ns next_due_ = 0;
};

} // namespace landfall::dataplane
