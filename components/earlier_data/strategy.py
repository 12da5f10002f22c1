"""Earlier data: what DataGate accepted before this run's data were ingested.

By the age of the account and not of the run: a repeated run takes its account from the cache and so resolves what it resolved at
first, which leaves it cached from end to end.
"""

from ml_metadata import MetadataStore
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

from components.blessing import is_blessed
from components.data_gate.judged import ACCOUNT_ID, STATISTICS_ID

ACCOUNTS = "accounts"
CURRENT = "current"
BLESSING = "blessing"
STATISTICS = "statistics"


class AcceptedData(ResolverStrategy):
    """Resolves `accounts` to those of accepted data, oldest first, and `statistics` to those of the last accepted data."""

    def resolve_artifacts(self, store: MetadataStore, input_dict: dict[str, list[Artifact]]) -> dict[str, list[Artifact]]:
        """Return accounts and statistics; every other key is empty."""
        del store
        current = min(account.id for account in input_dict[CURRENT])
        # Of data that were judged twice the first blessing counts: what a later run resolved stays what it resolves.
        accepted = {
            blessing.get_int_custom_property(ACCOUNT_ID): blessing.get_int_custom_property(STATISTICS_ID)
            for blessing in sorted(input_dict[BLESSING], key=lambda blessing: -blessing.id)
            if is_blessed(blessing)
        }
        accounts = [account for account in input_dict[ACCOUNTS] if account.id in accepted and account.id < current]
        accounts.sort(key=lambda account: account.id)
        last = accepted[accounts[-1].id] if accounts else None
        nothing: dict[str, list[Artifact]] = {key: [] for key in input_dict}
        measured = [statistics for statistics in input_dict[STATISTICS] if statistics.id == last]
        return {**nothing, ACCOUNTS: accounts, STATISTICS: measured}
