#include "actuator/alerts/prometheus_votes.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "actuator/alerts/vote_query.h"

namespace farshore {
namespace {

class PrometheusVotes final : public AlertVotes {
 public:
  PrometheusVotes(const PrometheusServers& servers, HttpClient& http, Clock& clock,
                  PrometheusVotesOptions options)
      : servers_(servers), http_(http), clock_(clock), options_(std::move(options)) {
    for (size_t i = 0; i < servers_.servers.size(); ++i)
      threads_.emplace_back([this, i](std::stop_token stop) { run(i, stop); });
  }

  void watch(const std::string& cluster, int64_t epoch, const std::string& primary) override {
    const std::lock_guard lock(mutex_);
    const auto found = watches_.find(cluster);
    if (found != watches_.end() && found->second.question.epoch == epoch &&
        found->second.question.primary == primary)
      return;
    Watch watch;
    watch.question = {options_.alertname, cluster, primary, epoch};
    watch.generation = ++generations_;
    watch.votes.resize(servers_.servers.size());
    watches_[cluster] = std::move(watch);
    changed_.notify_all();
  }

  void unwatch(const std::string& cluster) override {
    const std::lock_guard lock(mutex_);
    watches_.erase(cluster);
  }

  std::vector<AlertVote> latest(const std::string& cluster) override {
    const BootTime now = clock_.boot_now();
    const std::lock_guard lock(mutex_);
    const auto watch = watches_.find(cluster);
    std::vector<AlertVote> result;
    for (size_t i = 0; i < servers_.servers.size(); ++i) {
      AlertVote vote;
      vote.watched = watch != watches_.end();
      if (!vote.watched)
        vote.detail = "is not asked";
      else if (const auto& given = watch->second.votes[i]; !given)
        vote.detail = "has not answered yet";
      else if (now - given->asked > options_.vote_max_age)
        vote.detail = fmt::format("has not answered for {:.1f} s", to_seconds(now - given->asked));
      else
        vote = *given;
      vote.region = servers_.servers[i].region;
      result.push_back(std::move(vote));
    }
    return result;
  }

  std::vector<AlertVote> ask_once(const std::string& cluster, int64_t epoch,
                                  const std::string& primary) override {
    const VoteQuestion question{options_.alertname, cluster, primary, epoch};
    std::vector<AlertVote> votes(servers_.servers.size());
    {
      std::vector<std::jthread> asking;  // joined here
      for (size_t i = 0; i < votes.size(); ++i)
        asking.emplace_back([this, &question, &votes, i] { votes[i] = ask(i, question); });
    }
    for (size_t i = 0; i < votes.size(); ++i) votes[i].region = servers_.servers[i].region;
    return votes;
  }

  int quorum() const override { return servers_.quorum.of(servers_.servers.size()); }

 private:
  struct Watch {
    VoteQuestion question;
    uint64_t generation = 0;  // an answer to an earlier question must not become a vote on this one
    std::vector<std::optional<AlertVote>> votes;
  };
  struct Asked {
    VoteQuestion question;
    uint64_t generation;
  };

  void run(size_t server, const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (const Asked& asked : questions(stop)) {
        if (stop.stop_requested()) return;
        AlertVote vote = ask(server, asked.question);
        const std::lock_guard lock(mutex_);
        const auto watch = watches_.find(asked.question.cluster);
        if (watch != watches_.end() && watch->second.generation == asked.generation)
          watch->second.votes[server] = std::move(vote);
      }
      clock_.sleep_for(options_.interval, stop);
    }
  }

  // Waits until there is something to ask.
  std::vector<Asked> questions(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return !watches_.empty(); });
    std::vector<Asked> result;
    for (const auto& [cluster, watch] : watches_) result.push_back({watch.question, watch.generation});
    return result;
  }

  AlertVote ask(size_t server, const VoteQuestion& question) {
    AlertVote vote;
    vote.asked = clock_.boot_now();
    HttpRequest request;
    request.url = servers_.servers[server].url + "/api/v1/query?query=" + url_encode(vote_query(question));
    request.timeout = options_.timeout;
    const Result<HttpResponse> response = http_.send(request);
    if (!response) {
      vote.detail = response.error().message;
      return vote;
    }
    if (response->status != 200) {
      vote.detail = fmt::format("answers {}", response->status);
      return vote;
    }
    const Result<VoteAges> ages = read_vote_answer(response->body);
    if (!ages)
      vote.detail = ages.error().message;
    else
      judge(*ages, vote);
    return vote;
  }

  void judge(const VoteAges& ages, AlertVote& vote) const {
    vote.live_primary = ages.live_seconds && *ages.live_seconds <= to_seconds(options_.live_max_age);
    if (ages.firing_seconds && *ages.firing_seconds > to_seconds(options_.alert_max_age))
      vote.detail = fmt::format("its rules have not run for {:.1f} s", *ages.firing_seconds);
    else
      vote.vote = ages.firing_seconds ? Vote::kFiring : Vote::kNotFiring;
  }

  const PrometheusServers servers_;
  HttpClient& http_;
  Clock& clock_;
  const PrometheusVotesOptions options_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Watch> watches_;
  uint64_t generations_ = 0;
  std::vector<std::jthread> threads_;  // last: they use everything above
};

}  // namespace

std::unique_ptr<AlertVotes> make_prometheus_votes(const PrometheusServers& servers, HttpClient& http,
                                                  Clock& clock, PrometheusVotesOptions options) {
  return std::make_unique<PrometheusVotes>(servers, http, clock, std::move(options));
}

}  // namespace farshore
