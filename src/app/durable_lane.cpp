// SPDX-License-Identifier: MIT
#include "app/durable_lane.h"

#include "crypto/start.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

namespace led = delivery::ledger;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::chrono::milliseconds turn_interval{10};
constexpr std::size_t octets_at_once = std::size_t{8} << 20U; // then stores get their turn
constexpr std::int64_t contact_gap_ns = 60 * second_ns; // after it, frames are of another pass
constexpr std::size_t most_offered = 32;                // of a tenant: those can make no room
constexpr std::int64_t too_large_ns = 60 * second_ns;   // until a segment is offered again
constexpr std::int64_t unreadable_ns = 5 * second_ns;
constexpr std::int64_t checkpoint_interval_ns = 5 * second_ns;
constexpr int checkpoint_priority = 10; // before all data, which has 9 at most

// An offer's number: that of its tenant above that of its segment; checkpoints have a bit more.
constexpr unsigned sequence_bits = 48;
constexpr std::uint64_t checkpoint_bit = std::uint64_t{1} << 63U;

std::int64_t steady_ns() {
    return steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

std::int64_t system_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               system_clock::now().time_since_epoch())
        .count();
}

led::unix_ns instant_of(const base::timestamp& time) {
    constexpr std::int64_t latest_s = 9'000'000'000;
    const bool known = time.seconds > 0 && time.seconds < latest_s;
    return known ? time.seconds * second_ns + time.picoseconds / 1000 : 0;
}

base::octets octets_of(const std::string& text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Dots part a subject's tokens.
std::string token(std::string name) {
    std::ranges::replace(name, '.', '_');
    return name;
}

delivery::full_policy policy_of(config::when_full what) noexcept {
    switch (what) {
    case config::when_full::oldest_first:
        return delivery::full_policy::oldest_first;
    case config::when_full::lowest_priority_first:
        return delivery::full_policy::lowest_priority_first;
    case config::when_full::refuse_new:
        return delivery::full_policy::refuse_new;
    }
    return delivery::full_policy::oldest_first;
}

void tell_of(led::entry& what, const delivery::segment_summary& summary) {
    what.contact = summary.contact;
    what.carrier = summary.channels.empty() ? "" : summary.channels.front().carrier;
    what.first = instant_of(summary.first);
    what.last = instant_of(summary.last);
}

} // namespace

durable_folders folders_of(const config::gateway& settings, const std::filesystem::path& state) {
    const auto folder = [&](const std::filesystem::path& written, const config::key_origins& given,
                            const char* otherwise) {
        return written.empty() ? state / otherwise
                               : config::key_path(written, config::origin_of(given, "directory"));
    };
    return {folder(settings.spool.directory, settings.spool.given, "spool"),
            settings.ledger ? folder(settings.ledger->directory, settings.ledger->given, "ledger")
                            : state / "ledger"};
}

durable_lane::durable_lane(durable_config config, control::logger& log)
    : config_(std::move(config)), log_(log), files_(delivery::system_files()),
      ledger_files_(delivery::system_files(delivery::readable::by_all)) {}

durable_lane::~durable_lane() {
    finishing_ = finished_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

base::result<std::unique_ptr<durable_lane>> durable_lane::open(durable_config config,
                                                               control::logger& log) {
    std::unique_ptr<durable_lane> made(new durable_lane(std::move(config), log));
    if (const auto started = made->start(); !started) {
        return std::unexpected(started.error());
    }
    return made;
}

base::result<void> durable_lane::start() {
    now_ns_ = steady_ns();
    unix_ns_ = system_ns();
    for (const std::filesystem::path& folder :
         {config_.folders.spool, config_.folders.ledger.parent_path()}) {
        std::error_code error;
        std::filesystem::create_directories(folder, error);
        if (error) {
            return std::unexpected(
                base::failure{fmt::format("{}: {}", folder.string(), error.message()),
                              error == std::errc::permission_denied ? base::exit_code::no_permission
                                                                    : base::exit_code::failed});
        }
    }
    if (const auto opened = open_stores(); !opened) {
        return opened;
    }
    make_sources();
    receipts_ = std::make_unique<receipts>(
        led::log_config{config_.folders.ledger.string(), config_.settings.name}, *ledger_files_,
        crypto::signing_key(config_.ledger_key), log_);
    led::entry started;
    started.time = unix_ns_;
    receipts_->note(std::move(started)); // which is what it says by default
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        for (std::uint64_t n = tenants_[i].store->numbers().torn.value(); n > 0; --n) {
            receipts_->note(entry_of(led::event::torn, i));
        }
        take_events(i);
    }
    if (const auto publishing = start_publishing(); !publishing) {
        return publishing;
    }
    thread_ = std::jthread([this] { run(); });
    return {};
}

base::result<void> durable_lane::open_stores() {
    const config::gateway& settings = config_.settings;
    for (const config::tenant_settings& from : settings.tenants) {
        tenant& made = tenants_.emplace_back();
        made.folder = (config_.folders.spool / from.name).string();
        made.subject = fmt::format("{}.segments.{}.{}",
                                   settings.publish ? settings.publish->stream : "landfall",
                                   token(settings.name), token(from.name));
        made.priority = from.priority;
        auto store =
            delivery::segment_store::open(*files_, made.folder,
                                          {.most_octets = from.quota_octets,
                                           .most_age_s = from.quota_age_s,
                                           .when_full = policy_of(from.when_full),
                                           .reserve_octets = settings.spool.reserve_octets},
                                          now_ns_);
        if (!store) {
            return std::unexpected(store.error());
        }
        made.store = std::move(*store);
        const delivery::store_numbers& found = made.store->numbers();
        log_.info(fmt::format("spool of {}: {} segments wait for the datacenter, {} octets{}",
                              from.name, found.segments.value(), found.octets.value(),
                              found.torn.value() == 0
                                  ? ""
                                  : fmt::format("; {} that were not finished when the gateway "
                                                "ended are set aside",
                                                found.torn.value())));
    }
    return {};
}

void durable_lane::make_sources() {
    const config::gateway& settings = config_.settings;
    std::vector<std::string> carriers;
    for (const config::carrier_settings& one : settings.carriers) {
        carriers.push_back(one.name);
    }
    for (std::size_t c = 0; c < settings.carriers.size(); ++c) {
        source& made = sources_.emplace_back();
        made.intake = durable_intake::of(settings, c);
        if (!made.intake) {
            continue;
        }
        for (const intake_route& route : made.intake->routes()) {
            const config::tenant_settings& owner = settings.tenants[route.tenant];
            auto found = std::ranges::find_if(segments_, [&](const open_segment& one) {
                return one.tenant == route.tenant && one.carrier == c;
            });
            made.segments.push_back(static_cast<std::size_t>(found - segments_.begin()));
            if (found == segments_.end()) {
                segments_.push_back({route.tenant, c,
                                     delivery::segment_builder(
                                         {.gateway = settings.name,
                                          .tenant = owner.name,
                                          .carriers = carriers,
                                          .recipients = config_.recipients[route.tenant],
                                          .priority = owner.priority,
                                          .most_octets = settings.spool.segment_octets,
                                          .most_age_ns = settings.spool.segment_age_s * second_ns},
                                         crypto::fill_random)});
            }
        }
        made.told_drops.resize(made.segments.size());
    }
}

base::result<void> durable_lane::start_publishing() {
    if (!config_.settings.publish) {
        return {};
    }
    const config::publish_settings& from = *config_.settings.publish;
    const auto file = [&](const std::filesystem::path& written, const char* key) {
        return written.empty()
                   ? std::string()
                   : config::key_path(written, config::origin_of(from.given, key)).string();
    };
    publishing_ = std::make_unique<publishing>(
        delivery::publisher::publisher_config{
            .urls = from.urls,
            .stream = from.stream,
            .subjects = {from.stream + ".>"},
            .create_stream = from.create_stream,
            .credentials_file = file(from.credentials_file, "credentials_file"),
            .certificate_file = file(from.authorities_file, "authorities_file"),
            .most_waiting = most_offered * (tenants_.size() + 1),
            .rate_octets_per_s = from.most_octets_per_s},
        config_.settings.name, *files_, log_);
    return publishing_->start();
}

void durable_lane::run() {
    bool done = false;
    while (!done && !finished_) {
        const bool finishing = finishing_;
        turn(finishing);
        done = finishing && all_written();
        if (!done) {
            std::this_thread::sleep_for(turn_interval);
        }
    }
    finished_ = true;
}

void durable_lane::turn(bool finishing) {
    now_ns_ = steady_ns();
    unix_ns_ = system_ns();
    bool more = true;
    while (more) {
        more = take_records();
        close_due(finishing && !more);
        take_answers();
        poll_stores();
        now_ns_ = steady_ns();
    }
    offer();
    write_ledger(finishing);
    offer_checkpoint();
}

bool durable_lane::all_written() const {
    return std::ranges::none_of(tenants_,
                                [](const tenant& one) { return one.store->has_waiting(); });
}

/// True where there may be more.
bool durable_lane::take_records() {
    std::size_t octets = 0;
    for (source& from : sources_) {
        while (from.intake && octets < octets_at_once) {
            const auto one = from.intake->front();
            if (!one) {
                break;
            }
            take(from, *one);
            octets += one->what.octets.size();
            from.intake->pop();
        }
    }
    return octets >= octets_at_once;
}

void durable_lane::take(source& from, const durable_intake::taken& one) {
    if (from.contact.empty() || now_ns_ - from.last_ns > contact_gap_ns) {
        begin_contact(from, one.what);
    }
    from.last_ns = now_ns_;
    open_segment& to = segments_[from.segments[one.route]];
    auto added = to.builder.add(one.what, now_ns_);
    if (added == delivery::add_result::full) {
        close(to);
        added = to.builder.add(one.what, now_ns_);
    }
    if (added == delivery::add_result::too_long) {
        from.intake->drop_too_long(one.route);
    }
}

/// Named by its carrier and its first frame's time.
void durable_lane::begin_contact(source& from, const delivery::record& first) {
    const std::int64_t known = first.time_known ? instant_of(first.receive_time) : 0;
    constexpr std::size_t to_seconds = 19; // "2026-11-24T12:26:23"
    from.contact =
        fmt::format("{}-{}Z", config_.settings.carriers[first.carrier].name,
                    led::instant_text(known > 0 ? known : unix_ns_).substr(0, to_seconds));
    for (const std::size_t i : from.segments) {
        if (!segments_[i].builder.empty()) {
            close(segments_[i]);
        }
        segments_[i].builder.set_contact(from.contact);
    }
}

led::entry durable_lane::entry_of(led::event what, std::size_t of) const {
    led::entry made;
    made.time = unix_ns_;
    made.what = what;
    made.tenant = config_.settings.tenants[of].name;
    return made;
}

void durable_lane::close(open_segment& one) {
    delivery::sealed_segment made = one.builder.close();
    led::entry what = entry_of(led::event::received, one.tenant);
    what.segment = made.digest;
    what.octets = made.summary.octets;
    what.frames = made.summary.frames;
    tell_of(what, made.summary);
    receipts_->note(std::move(what));
    tenants_[one.tenant].store->put(std::move(made));
}

void durable_lane::close_due(bool all) {
    for (open_segment& one : segments_) {
        const auto due = one.builder.due_ns();
        if (due && (all || now_ns_ >= *due)) {
            close(one);
        }
    }
}

void durable_lane::take_answers() {
    if (!publishing_) {
        return;
    }
    for (const publishing_answer& one : publishing_->take_answers()) {
        take_answer(one);
    }
    for (tenant& one : tenants_) {
        one.store->acknowledge(one.acknowledged);
        one.acknowledged.clear();
    }
}

void durable_lane::take_answer(const publishing_answer& one) {
    using became = publishing_answer::what;
    if ((one.id & checkpoint_bit) != 0) {
        if (one.became != became::sent) {
            --checkpoint_files_;
            checkpoints_published_ += one.became == became::acknowledged ? 1U : 0U;
        }
        return;
    }
    const std::size_t at = one.id >> sequence_bits;
    const std::uint64_t sequence = one.id & ((std::uint64_t{1} << sequence_bits) - 1);
    tenant& of = tenants_[at];
    const delivery::stored_segment* const segment = of.store->index().find(sequence);
    of.offered -= one.became == became::sent ? 0U : 1U;
    switch (one.became) {
    case became::sent:
        if (segment != nullptr) {
            led::entry what = entry_of(led::event::delivered, at);
            what.segment = segment->digest;
            what.octets = segment->octets;
            what.frames = segment->frames;
            receipts_->note(std::move(what));
        }
        break;
    case became::acknowledged:
        of.acknowledged.push_back(sequence);
        break;
    case became::too_large:
        of.held.push_back({sequence, now_ns_ + too_large_ns});
        break;
    case became::unreadable:
        // Gone where it is not there any more, or not what was written; else it is tried again.
        static_cast<void>(of.store->content(sequence));
        of.held.push_back({sequence, now_ns_ + unreadable_ns});
        break;
    }
}

void durable_lane::poll_stores() {
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        tenant& one = tenants_[i];
        const auto over = std::ranges::partition(
            one.held, [&](const held_segment& held) { return held.until_ns > now_ns_; });
        for (const held_segment& held : over) {
            one.store->give_back(held.sequence);
        }
        one.held.erase(over.begin(), over.end());
        if (one.store->has_waiting() || now_ns_ >= one.poll_ns) {
            one.poll_ns = std::min(one.store->poll(now_ns_), now_ns_ + second_ns);
        }
        take_events(i);
    }
}

void durable_lane::take_events(std::size_t at) {
    for (const delivery::spool_event& event : tenants_[at].store->take_events()) {
        const bool acknowledged = event.removed == delivery::removal::acknowledged;
        led::entry what = entry_of(!event.removed ? led::event::spooled
                                   : acknowledged ? led::event::acknowledged
                                                  : led::event::dropped,
                                   at);
        what.segment = event.segment.digest;
        what.octets = event.segment.octets;
        what.frames = event.segment.frames;
        if (event.summary) {
            tell_of(what, *event.summary);
        }
        if (event.removed && !acknowledged) {
            what.reason = delivery::name(*event.removed);
            log_.limited(steady_clock::now(), control::log_level::warning,
                         fmt::format("spool of {}: a segment of {} frames is dropped: {}",
                                     what.tenant, what.frames, what.reason));
        }
        receipts_->note(std::move(what));
    }
}

void durable_lane::offer() {
    for (std::size_t i = 0; publishing_ && i < tenants_.size(); ++i) {
        tenant& one = tenants_[i];
        while (one.offered < most_offered) {
            const auto next = one.store->take();
            if (!next) {
                break;
            }
            ++one.offered;
            const delivery::segment_file file{delivery::file_kind::segment, next->sequence,
                                              next->digest};
            publishing_->offer({.id = (std::uint64_t{i} << sequence_bits) | next->sequence,
                                .priority = next->priority,
                                .subject = one.subject,
                                .digest = next->digest,
                                .octets = next->octets,
                                .path = one.folder + "/" + delivery::file_name(file),
                                .text = {}});
        }
    }
}

/// The newest, when the one before has arrived: each holds all of the earlier ones.
void durable_lane::offer_checkpoint() {
    const auto head = receipts_->head();
    if (!publishing_ || !head || head->size == checkpoint_size_ || checkpoint_files_ > 0 ||
        now_ns_ < checkpoint_ns_) {
        return;
    }
    checkpoint_size_ = head->size;
    checkpoint_ns_ = now_ns_ + checkpoint_interval_ns;
    const std::string subject =
        fmt::format("{}.checkpoints.{}.{}.", config_.settings.publish->stream,
                    token(config_.settings.name), head->size);
    for (const auto& [last, text] :
         {std::pair{"note", head->note}, std::pair{"minisig", head->minisign}}) {
        ++checkpoint_files_;
        publishing_->offer({.id = checkpoint_bit | checkpoints_++,
                            .priority = checkpoint_priority,
                            .subject = subject + last,
                            .digest = crypto::sha256({octets_of(text)}),
                            .octets = text.size(),
                            .path = {},
                            .text = text});
    }
}

/// What never came into a segment.
void durable_lane::tell_drops() {
    for (source& from : sources_) {
        for (std::size_t i = 0; i < from.segments.size(); ++i) {
            const open_segment& to = segments_[from.segments[i]];
            for (std::size_t why = 0; why < intake_drop_count; ++why) {
                const std::uint64_t now = from.intake->counters(i).drops[why].value();
                const std::uint64_t news = now - std::exchange(from.told_drops[i][why], now);
                if (news == 0) {
                    continue;
                }
                led::entry what = entry_of(led::event::dropped, to.tenant);
                what.contact = from.contact;
                what.carrier = config_.settings.carriers[to.carrier].name;
                what.frames = news;
                what.reason = name(static_cast<intake_drop>(why));
                receipts_->note(std::move(what));
            }
        }
    }
}

void durable_lane::write_ledger(bool at_once) {
    tell_drops();
    if (receipts_->turn(now_ns_, unix_ns_, at_once)) {
        for (tenant& one : tenants_) {
            one.store->recorded();
        }
    }
}

bool durable_lane::finish(double patience_s, const std::function<void()>& meanwhile) {
    const auto deadline = steady_clock::now() + std::chrono::duration<double>(patience_s);
    finishing_ = true;
    while (!finished_ && steady_clock::now() < deadline) {
        meanwhile();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    const bool done = finished_;
    finished_ = true; // ends it where it has not
    thread_.join();
    return done;
}

} // namespace landfall::app
