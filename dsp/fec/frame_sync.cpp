// SPDX-License-Identifier: MIT
#include "dsp/fec/frame_sync.h"

#include "dsp/fec/marker_search.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>
#include <cstring>

namespace landfall::fec {
namespace {

/// Bits that a slip may add or take, and that a marker is looked for around its expected place.
constexpr std::size_t most_segments = 256; // receptions within the bits that are kept
constexpr std::int64_t slip_bits = 32;
/// How far markers may reach into the frame before: no more than their own length.
std::int64_t reach_bits(unsigned marker_bits) noexcept {
    return std::min<std::int64_t>(slip_bits, marker_bits);
}
/// Expected places in a row with neither marker nor decodable frame, after which lock is lost.
constexpr int misses_to_lose = 4;
constexpr std::int64_t frames_back = 4;
/// Frames in a row that are believed without their own or the next marker.
constexpr int blind_frames = 2;
/// Octets corrected in a row at a block's end that speak against the marker there.
constexpr unsigned long_run_octets = 4;
/// How much more the markers at a block's sound end count than those at the other.
constexpr unsigned sound_end_weight = 3;

/// Markers that must stand at frame distance so that random bits do not do it within days.
int chain_length(unsigned marker_bits) noexcept {
    return marker_bits >= 32 ? 2 : marker_bits >= 16 ? 3 : 5;
}

/// Eight bits, the first one most significant: the factor moves bit 8 k to bit 63 - k.
std::uint8_t packed(const std::uint8_t* bits) noexcept {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t eight = 0;
    std::memcpy(&eight, bits, sizeof eight);
    return static_cast<std::uint8_t>(eight * 0x8040'2010'0804'0201 >> 56U);
}

} // namespace

frame_sync::frame_sync(const coding& code, codeblock_decoder& decoder)
    : decoder_(decoder), pattern_(pattern_of(code.convolutional)), marker_bits_(code.marker.bits),
      marker_(code.marker.value),
      frame_bits_(static_cast<std::int64_t>(marker_bits_ + 8 * codeblock_octets(code))),
      sure_errors_(marker_bits_ / 32),
      search_errors_(marker_bits_ * (decoder.proves() == assurance::strong ? 5 : 3) / 32),
      flywheel_errors_(marker_bits_ * 6 / 32), predicted_errors_(marker_bits_ / 4),
      chain_markers_(chain_length(marker_bits_)),
      near_bits_(decoder.slack_octets() == 0
                     ? 0
                     : 8 * static_cast<std::int64_t>(decoder.slack_octets()) + slip_bits),
      packed_(codeblock_octets(code)) {
    assert(marker_bits_ >= 8 && marker_bits_ <= 64);
    bits_.reserve(static_cast<std::size_t>(frame_bits_) * 12 + 16384);
    segments_.reserve(most_segments);
}

std::int64_t frame_sync::soft_of(std::int64_t bit) const noexcept {
    segment in = segments_.front();
    for (const segment& one : segments_) {
        if (one.bit <= bit) {
            in = one;
        }
    }
    const std::int64_t offset = std::max<std::int64_t>(0, bit - in.bit);
    const auto bits = static_cast<std::int64_t>(pattern_.bits);
    return in.soft + offset / bits * static_cast<std::int64_t>(pattern_.sent) +
           pattern_.offset[static_cast<std::size_t>(offset % bits)];
}

/// Bits that are not (or no longer) there count as errors.
unsigned frame_sync::marker_errors(place where) const noexcept {
    unsigned errors = 0;
    for (unsigned i = 0; i < marker_bits_; ++i) {
        const std::int64_t at = where.at + i;
        const std::uint64_t wanted =
            (marker_ >> (marker_bits_ - 1 - i) & 1U) ^ (where.inverted ? 1U : 0U);
        const bool there = at >= base_ && at < end();
        errors += there && bits_[static_cast<std::size_t>(at - base_)] == wanted ? 0U : 1U;
    }
    return errors;
}

/// The first marker that begins in [from, to) and is wholly there.
std::optional<frame_sync::place> frame_sync::find_marker(std::int64_t from, std::int64_t to,
                                                         unsigned tolerance) const noexcept {
    from = std::max(from, base_);
    to = std::min(to, end() - static_cast<std::int64_t>(marker_bits_) + 1);
    if (from >= to) {
        return std::nullopt;
    }
    const auto first = static_cast<std::size_t>(from - base_);
    const auto length = static_cast<std::size_t>(to - from) + marker_bits_ - 1;
    const auto bits = std::span<const std::uint8_t>(bits_).subspan(first, length);
    const std::size_t found = fec::find_marker(bits, {marker_, marker_bits_}, tolerance);
    if (found == length) {
        return std::nullopt;
    }
    const std::int64_t at = from + static_cast<std::int64_t>(found);
    return place{at, marker_errors({at, false}) > tolerance};
}

codeblock_verdict frame_sync::decode(place where) noexcept {
    const std::int64_t first = where.at + static_cast<std::int64_t>(marker_bits_);
    assert(first >= base_ && where.at + frame_bits_ <= end());
    const std::uint8_t* bit = bits_.data() + (first - base_);
    const unsigned flip = where.inverted ? 0xFFU : 0U;
    for (std::uint8_t& octet : packed_) {
        octet = static_cast<std::uint8_t>(packed(bit) ^ flip);
        bit += 8;
    }
    return decoder_.decode(packed_);
}

/// Whether the bits in a marker's place are not just damaged but a marker to which a short pattern
/// was added. Inverted data, or data of an inverted rail, are codewords as well.
bool frame_sync::is_altered(place where) const noexcept {
    constexpr std::uint64_t noise = 0x9E3779B97F4A7C15; // in the place of bits that are not there
    std::uint64_t difference = 0;
    for (unsigned i = 0; i < marker_bits_; ++i) {
        const std::int64_t at = where.at + i;
        const bool there = at >= base_ && at < end();
        const std::uint64_t wanted = marker_ >> (marker_bits_ - 1 - i) & 1U;
        const std::uint64_t bit =
            there ? bits_[static_cast<std::size_t>(at - base_)] ^ wanted : noise >> i & 1U;
        difference = difference << 1U | bit;
    }
    for (unsigned period = 1; period <= marker_bits_ / 2 && period <= 16; ++period) {
        const unsigned pairs = marker_bits_ - period;
        const std::uint64_t mask = (std::uint64_t{1} << pairs) - 1;
        const std::uint64_t changes = (difference ^ difference >> period) & mask;
        if (static_cast<unsigned>(std::popcount(changes)) <= pairs / 8) {
            return true;
        }
    }
    return false;
}

/// Whether a decodable block may be a frame, whatever its marker looks like.
bool frame_sync::is_plausible(const candidate& one) const noexcept {
    if (!one.verdict.verified) {
        return false;
    }
    const unsigned errors = marker_errors(one.where);
    if (errors <= search_errors_) {
        return true;
    }
    if (one.verdict.periodic) {
        return false;
    }
    const place next{one.where.at + frame_bits_, one.where.inverted};
    return errors <= predicted_errors_ || marker_errors(next) <= search_errors_ ||
           (decoder_.proves() == assurance::strong && !is_altered(one.where));
}

/// Whether a decodable block stands between two markers.
bool frame_sync::is_clear(const candidate& one) const noexcept {
    const place next{one.where.at + frame_bits_, one.where.inverted};
    return one.verdict.verified && marker_errors(one.where) <= search_errors_ &&
           marker_errors(next) <= search_errors_;
}

/// Whether there is a marker, at an end of the block that is not all corrected.
bool frame_sync::is_supported(const candidate& one) const noexcept {
    const place next{one.where.at + frame_bits_, one.where.inverted};
    return (one.verdict.head_run_octets < long_run_octets &&
            marker_errors(one.where) <= search_errors_) ||
           (one.verdict.tail_run_octets < long_run_octets && marker_errors(next) <= search_errors_);
}

/// What speaks against a decodable block: errors of the markers around it, and its corrections. A
/// block beside a frame never has fewer of these than the frame. After a slip near its beginning
/// the marker after a block tells its place, after one near its end the one before it.
unsigned frame_sync::doubts(const candidate& one) const noexcept {
    const auto errors_at = [&](std::int64_t at) {
        return std::min(marker_errors({at, one.where.inverted}), marker_bits_ / 2);
    };
    return errors_at(one.where.at) * (one.verdict.tail_run_octets != 0 ? sound_end_weight : 1) +
           errors_at(one.where.at + frame_bits_) *
               (one.verdict.head_run_octets != 0 ? sound_end_weight : 1) +
           one.verdict.corrected_symbols;
}

/// Whether a block may as well be a frame as a better one: a slip between its marker and it is then
/// as likely as one between the better one and the marker after that.
bool frame_sync::rivals(const candidate& one, const candidate& better) const noexcept {
    return is_supported(one) && doubts(one) < doubts(better) + marker_bits_ / 4 &&
           3 * one.verdict.corrected_symbols <= 4 * better.verdict.corrected_symbols + 6;
}

/// The best of a decodable block and those near it, in either polarity, that have a marker; nothing
/// if there are two as good.
std::optional<frame_sync::candidate> frame_sync::settle(const candidate& first) noexcept {
    candidate best = first;
    std::optional<candidate> second;
    for (const std::int64_t offset : {std::int64_t{0}, frame_bits_}) {
        std::int64_t from = first.where.at - near_bits_ + offset;
        const std::int64_t to = first.where.at + near_bits_ + 1 + offset;
        while (const std::optional<place> found =
                   near_bits_ == 0 ? std::nullopt : find_marker(from, to, search_errors_)) {
            from = found->at + 1;
            candidate other{{found->at - offset, found->inverted}, {}};
            if (other.where == first.where || other.where == best.where ||
                other.where.at + static_cast<std::int64_t>(marker_bits_) < base_ ||
                other.where.at + frame_bits_ > end()) {
                continue;
            }
            other.verdict = decode(other.where);
            if (!is_plausible(other)) {
                continue;
            }
            if (doubts(other) < doubts(best)) {
                std::swap(other, best);
            }
            if (!second || doubts(other) < doubts(*second)) {
                second = other;
            }
        }
    }
    const bool doubtful = second && rivals(*second, best);
    return doubtful ? std::nullopt : std::optional(best);
}

/// Whether there is a frame where one was expected: its place, or that of a better one nearby.
std::optional<frame_sync::place> frame_sync::judge_predicted(const candidate& one) noexcept {
    if (is_clear(one)) {
        return one.where;
    }
    const std::optional<candidate> best = is_plausible(one) ? settle(one) : std::nullopt;
    if (!best) {
        return std::nullopt;
    }
    const bool bridged = blind_ < blind_frames && best->where == one.where &&
                         best->verdict.head_run_octets < long_run_octets &&
                         best->verdict.tail_run_octets < long_run_octets;
    return bridged || is_supported(*best) ? std::optional(best->where) : std::nullopt;
}

/// Whether a marker that was found by search tells of a frame, there or nearby.
std::optional<frame_sync::place> frame_sync::judge_found(place where) noexcept {
    const candidate found{where, decode(where)};
    if (!found.verdict.verified) {
        return std::nullopt;
    }
    const auto follows = [&](std::int64_t at) {
        return marker_errors({at, where.inverted}) <= search_errors_;
    };
    if (decoder_.proves() != assurance::strong && marker_errors(where) > sure_errors_ &&
        !follows(where.at + frame_bits_) && !follows(where.at - frame_bits_)) {
        return std::nullopt;
    }
    const std::optional<candidate> best = settle(found);
    return best && is_supported(*best) ? std::optional(best->where) : std::nullopt;
}

/// The errors of all markers of a chain that begins there, if it is one.
std::optional<unsigned> frame_sync::chain_errors(place where) const noexcept {
    unsigned sum = 0;
    for (int i = 0; i < chain_markers_; ++i) {
        const unsigned errors = marker_errors({where.at + i * frame_bits_, where.inverted});
        if (errors > search_errors_) {
            return std::nullopt;
        }
        sum += errors;
    }
    return sum;
}

/// The best chain of those that begin less than a frame after the first one found.
std::optional<frame_sync::place> frame_sync::find_chain(std::int64_t from,
                                                        std::int64_t to) const noexcept {
    std::optional<place> best;
    unsigned least = 0;
    while (const std::optional<place> found = find_marker(from, to, search_errors_)) {
        const std::optional<unsigned> errors = chain_errors(*found);
        if (errors && (!best || *errors < least)) {
            to = best ? to : std::min(to, found->at + frame_bits_);
            best = found;
            least = *errors;
        }
        from = found->at + 1;
    }
    return best;
}

void frame_sync::deliver(place where, const codeblock_verdict& verdict, const frame_sink& sink) {
    const std::int64_t first = where.at + static_cast<std::int64_t>(marker_bits_);
    floor_ = where.at + frame_bits_;
    last_good_ = floor_;
    sink({decoder_.frame(), true, verdict.corrected_symbols, marker_errors(where), soft_of(first),
          soft_of(floor_ - 1) + 1});
    misses_ = 0;
    const bool blind = marker_errors(where) > predicted_errors_ &&
                       marker_errors({floor_, where.inverted}) > search_errors_;
    blind_ = blind ? blind_ + 1 : 0;
    expected_ = {floor_, where.inverted};
}

/// Reports a frame that is there but not decodable; it ends where the next one begins.
void frame_sync::report_bad(place where, std::int64_t next_at, const frame_sink& sink) {
    const std::int64_t first = where.at + static_cast<std::int64_t>(marker_bits_);
    const codeblock_verdict verdict = decode(where);
    floor_ = std::max(first + 1, std::min(where.at + frame_bits_, next_at));
    sink({decoder_.frame(), false, verdict.corrected_symbols, marker_errors(where), soft_of(first),
          soft_of(floor_ - 1) + 1});
}

/// Frames that would overlap those given out are passed over.
void frame_sync::lock(place where) noexcept {
    while (where.at < floor_ - reach_bits(marker_bits_)) {
        where.at += frame_bits_;
    }
    locked_ = true;
    expected_ = where;
    misses_ = 0;
    blind_ = 0;
    wait_until_ = 0;
    failed_at_ = where.at - 1;
}

void frame_sync::count_miss() noexcept {
    if (++misses_ >= misses_to_lose) {
        locked_ = false;
        ++losses_;
        search_at_ = expected_.at;
    }
}

/// Goes from a frame back to the earliest one before it that is held: frames at frame distance are
/// tried whatever their marker looks like.
frame_sync::place frame_sync::count_back(place found) noexcept {
    const std::int64_t oldest = std::max(base_, floor_) - static_cast<std::int64_t>(marker_bits_);
    for (place prior{found.at - frame_bits_, found.inverted}; prior.at >= oldest;
         prior.at -= frame_bits_) {
        const bool verified = decoder_.proves() != assurance::none &&
                              judge_predicted({prior, decode(prior)}) == prior;
        if (!verified && marker_errors(prior) > search_errors_) {
            break;
        }
        found = prior;
    }
    return found;
}

/// While locked: the frame at the expected place. False when more bits are needed.
bool frame_sync::follow(bool last, const frame_sink& sink) {
    if (decoder_.proves() == assurance::none) {
        return follow_unverified(last, sink);
    }
    if (expected_.at + frame_bits_ > end()) {
        const std::optional<place> other = last ? find_other() : std::nullopt;
        if (other) {
            lock(*other);
        }
        return other.has_value();
    }
    if (failed_at_ != expected_.at) {
        return follow_block(last, sink);
    }
    if (!last &&
        expected_.at + 2 * frame_bits_ + 2 * slip_bits + near_bits_ + marker_bits_ > end()) {
        return false;
    }
    miss(sink);
    return true;
}

/// The block at the expected place, for the first time. It is given out at once if nothing is
/// against it; else what is near it and after it has its say.
bool frame_sync::follow_block(bool last, const frame_sink& sink) {
    if (!last && end() < std::max(wait_until_, expected_.at + frame_bits_ + marker_bits_)) {
        return false;
    }
    const candidate expected{expected_, decode(expected_)};
    const std::int64_t needed = expected_.at + frame_bits_ + near_bits_ + marker_bits_;
    if (!last && needed > end() && is_plausible(expected) && !is_clear(expected)) {
        wait_until_ = needed;
        return false;
    }
    const std::optional<place> judged = judge_predicted(expected);
    if (judged == expected_) {
        deliver(expected_, decode(expected_), sink);
    } else if (judged) {
        lock(*judged);
    } else {
        failed_at_ = expected_.at;
    }
    return true;
}

/// A frame that begins elsewhere than expected: from a slip before the expected place to one after
/// the next.
std::optional<frame_sync::place> frame_sync::find_other() noexcept {
    const std::int64_t to =
        std::min(expected_.at + frame_bits_ + slip_bits, end() - frame_bits_ + 1);
    std::int64_t from = std::max(expected_.at, floor_) - reach_bits(marker_bits_);
    while (const std::optional<place> found = find_marker(from, to, search_errors_)) {
        const std::optional<place> judged =
            *found == expected_ ? std::nullopt : judge_found(*found);
        if (judged && *judged != expected_) {
            return judged;
        }
        from = found->at + 1;
    }
    return std::nullopt;
}

/// The frame at the expected place is not decodable: reports it if its marker was there, and goes
/// on with another one or to the next expected place.
void frame_sync::miss(const frame_sink& sink) {
    const unsigned errors = marker_errors(expected_);
    const bool seen = errors <= (misses_ == 0 ? predicted_errors_ : search_errors_);
    const std::optional<place> other = find_other();
    const std::int64_t next_at = other ? other->at : expected_.at + frame_bits_;
    if (seen && next_at > expected_.at + slip_bits) {
        report_bad(expected_, next_at, sink);
        misses_ = 0;
    }
    if (other) {
        lock(*other);
        return;
    }
    expected_.at = next_at;
    if (!seen) {
        count_miss();
    }
}

/// As `follow`, but only markers tell: a frame counts when its own is good or the next one is.
bool frame_sync::follow_unverified(bool last, const frame_sink& sink) {
    const std::int64_t at = expected_.at;
    if (at + frame_bits_ > end()) {
        return false;
    }
    if (marker_errors(expected_) <= flywheel_errors_) {
        deliver(expected_, decode(expected_), sink);
        return true;
    }
    const std::int64_t chain_end = at + chain_markers_ * frame_bits_ + 2 * slip_bits + marker_bits_;
    if (!last && chain_end > end()) {
        return false;
    }
    if (marker_errors({at + frame_bits_, expected_.inverted}) <= search_errors_) {
        deliver(expected_, decode(expected_), sink);
    } else if (const auto found = find_chain(std::max(at, floor_) - reach_bits(marker_bits_),
                                             at + frame_bits_ + slip_bits)) {
        lock(*found);
    } else {
        expected_.at = at + frame_bits_;
        count_miss();
    }
    return true;
}

/// While not locked: the next marker that begins a frame. False when more bits are needed.
bool frame_sync::search(bool last) {
    if (decoder_.proves() == assurance::none) {
        return search_unverified(last);
    }
    const std::optional<place> found = find_marker(search_at_, end(), search_errors_);
    if (!found) {
        search_at_ = std::max(search_at_, end() - static_cast<std::int64_t>(marker_bits_) + 1);
        return false;
    }
    search_at_ = found->at;
    const std::int64_t wanted = found->at + frame_bits_ + near_bits_ + marker_bits_;
    if (found->at + frame_bits_ > end() || (!last && wanted > end())) {
        return false;
    }
    if (const std::optional<place> judged = judge_found(*found)) {
        lock(count_back(*judged));
    } else {
        search_at_ = found->at + 1;
    }
    return true;
}

bool frame_sync::search_unverified(bool last) {
    const std::int64_t chain_bits = chain_markers_ * frame_bits_ + marker_bits_;
    const std::int64_t to = last ? end() : end() - chain_bits;
    if (const std::optional<place> found = find_chain(search_at_, to)) {
        lock(count_back(*found));
        return true;
    }
    search_at_ = std::max(search_at_, to);
    return false;
}

void frame_sync::advance(bool last, const frame_sink& sink) {
    while (locked_ ? follow(last, sink) : search(last)) {
    }
}

void frame_sync::trim() {
    const std::int64_t in_use = (locked_ ? expected_.at : search_at_ - frames_back * frame_bits_) -
                                frame_bits_ - slip_bits - near_bits_;
    const std::int64_t drop = in_use - base_;
    if (drop < 2 * frame_bits_ && drop < 8192) {
        return;
    }
    bits_.erase(bits_.begin(), bits_.begin() + drop);
    base_ = in_use;
    while (segments_.size() > 1 && segments_[1].bit <= base_) {
        segments_.erase(segments_.begin());
    }
}

void frame_sync::push(std::span<const std::uint8_t> bits, std::int64_t first_soft,
                      const frame_sink& sink) {
    if (segments_.empty() || soft_of(end()) != first_soft) {
        segments_.push_back({end(), first_soft});
    }
    while (!bits.empty()) {
        const auto piece = bits.first(std::min(bits.size(), static_cast<std::size_t>(frame_bits_)));
        bits_.insert(bits_.end(), piece.begin(), piece.end());
        bits = bits.subspan(piece.size());
        advance(false, sink);
        trim();
    }
}

void frame_sync::flush(const frame_sink& sink) {
    if (!segments_.empty()) {
        advance(true, sink);
    }
    bits_.clear();
    segments_.clear();
    base_ = search_at_ = floor_ = last_good_ = 0;
    locked_ = false;
    misses_ = 0;
    blind_ = 0;
    failed_at_ = -1;
    wait_until_ = 0;
}

} // namespace landfall::fec
